import { describe, expect, it } from 'vitest'
import { type Arrivals, arrivalTimes, meanRate } from './arrivals.ts'
import { peakRate } from './peak-rate.ts'

const timesOf = (arrivals: Arrivals, seconds: number) => [...arrivalTimes(arrivals, seconds)]

describe('arrivalTimes', () => {
  it('constant: evenly spaced, from the begin on', () => {
    expect(timesOf({ model: 'constant', rate: 4 }, 1)).toEqual([0, 250, 500, 750])
  })

  it('ramp: the rate grows evenly', () => {
    const times = timesOf({ model: 'ramp', from: 0, to: 100 }, 10)
    expect(times).toHaveLength(500)
    // Half of the time brings a quarter of the people.
    expect(times.filter((time) => time < 5_000)).toHaveLength(125)
  })

  it('ramp: also downwards, and level', () => {
    const down = timesOf({ model: 'ramp', from: 100, to: 20 }, 10)
    expect(down).toHaveLength(600)
    expect(down.filter((time) => time < 5_000)).toHaveLength(400)
    expect(timesOf({ model: 'ramp', from: 2, to: 2 }, 2)).toEqual([0, 500, 1_000, 1_500])
  })

  it('steps: equal parts', () => {
    const times = timesOf({ model: 'steps', rates: [10, 30] }, 4)
    expect(times.filter((time) => time < 2_000)).toHaveLength(20)
    expect(times.filter((time) => time >= 2_000)).toHaveLength(60)
  })

  it('poisson: so many in the mean, with gaps as long as chance makes them', () => {
    const times = timesOf({ model: 'poisson', rate: 1_000, seed: 7 }, 20)
    expect(times.length).toBeGreaterThan(20_000 - 4 * Math.sqrt(20_000))
    expect(times.length).toBeLessThan(20_000 + 4 * Math.sqrt(20_000))
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    // Of an exponential distribution both are equal.
    expect(deviation / mean).toBeCloseTo(1, 1)
  })
})

describe('rates', () => {
  it.each<[Arrivals, number, number]>([
    [{ model: 'constant', rate: 5 }, 5, 5],
    [{ model: 'poisson', rate: 5, seed: 1 }, 5, 5],
    [{ model: 'ramp', from: 10, to: 30 }, 20, 30],
    [{ model: 'steps', rates: [10, 40, 10] }, 20, 40],
  ])('of %j', (arrivals, mean, peak) => {
    expect(meanRate(arrivals)).toBe(mean)
    expect(peakRate(arrivals)).toBe(peak)
  })
})
