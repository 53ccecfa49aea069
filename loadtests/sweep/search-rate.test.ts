import { describe, expect, it } from 'vitest'
import { RATE_SEARCH, type RateOutcome, searchRate } from './search-rate.ts'

/** Plays a search against a system. @returns what was found, and the rates that were tried */
function play(start: number, system: (rate: number, trial: number) => RateOutcome) {
  const search = searchRate(start)
  const tried: number[] = []
  for (let step = search.next(); ; ) {
    if (step.done) return { found: step.value, tried }
    tried.push(Math.round(step.value))
    step = search.next(system(step.value, tried.length))
  }
}

const upTo =
  (capacity: number) =>
  (rate: number): RateOutcome =>
    rate <= capacity ? 'holds' : 'misses'

describe('searchRate', () => {
  it.each([
    [100, 100],
    [100, 65],
    [100, 160],
  ])('from %d it finds a capacity of %d to within its step', (start, capacity) => {
    const { found, tried } = play(start, upTo(capacity))
    expect(found).toBeLessThanOrEqual(capacity)
    expect(found).toBeGreaterThan(capacity * RATE_SEARCH.step)
    expect(tried.length).toBeLessThanOrEqual(RATE_SEARCH.mostTrials)
  })

  it('goes up with one trial each, and tries again what is highest', () => {
    const { found, tried } = play(100, upTo(125))
    expect(tried).toEqual([100, 111, 123, 137, 123])
    expect(found).toBeCloseTo(123.5, 0)
  })

  it('counts no lucky trial', () => {
    const { found, tried } = play(100, (rate, trial) => (trial === 3 ? 'misses' : upTo(100)(rate)))
    expect(tried).toEqual([100, 111, 100, 90, 90])
    expect(found).toBeCloseTo(90)
  })

  it('makes an invalid trial again; what cannot be shown does not hold', () => {
    const once = play(100, (rate, trial) => (trial === 1 ? 'invalid' : upTo(100)(rate)))
    expect(once.found).toBe(100)
    const { found, tried } = play(100, (rate) => (rate > 95 ? 'invalid' : 'holds'))
    expect(tried).toEqual([100, 100, 100, 90, 90])
    expect(found).toBeCloseTo(90)
  })

  it('gives up when nothing holds', () => {
    const { found, tried } = play(100, () => 'misses')
    expect(found).toBeNull()
    expect(tried).toHaveLength(RATE_SEARCH.mostTrials)
  })
})
