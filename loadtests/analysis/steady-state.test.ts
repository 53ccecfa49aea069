import { describe, expect, it } from 'vitest'
import { createRandom } from './random.ts'
import { findSteadyPart } from './steady-state.ts'

/** Noise of ±5 % around the base. */
function noisy(base: (index: number) => number, count = 40, seed = 1): number[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, index) => base(index) * (0.95 + 0.1 * random()))
}

describe('findSteadyPart', () => {
  it('finds the end of a warm-up', () => {
    const part = findSteadyPart(noisy((index) => (index < 6 ? 40 - 5 * index : 10)))
    expect(part).toMatchObject({ isSteady: true })
    expect(part?.from).toBeGreaterThanOrEqual(5)
    expect(part?.from).toBeLessThanOrEqual(7)
  })

  it('cuts next to nothing from what is steady, in nearly all of 200 series', () => {
    const parts = Array.from({ length: 200 }, (_, seed) => findSteadyPart(noisy(() => 10, 40, seed)))
    expect(parts.filter((part) => part?.isSteady && part.from <= 10).length).toBeGreaterThan(150)
  })

  it('sees a drift, in either direction', () => {
    expect(findSteadyPart(noisy((index) => 10 + index / 2))).toMatchObject({ isSteady: false })
    expect(findSteadyPart(noisy((index) => 30 - index / 2))).toMatchObject({ isSteady: false })
  })

  it('a warm-up that takes more than half is no steady state, and cuts nothing', () => {
    expect(findSteadyPart(noisy((index) => (index < 30 ? 100 - 3 * index : 10)))).toMatchObject({
      from: 0,
      isSteady: false,
    })
  })

  it('a single stall is part of the load, not its warm-up', () => {
    const part = findSteadyPart(noisy((index) => (index === 25 ? 500 : 10)))
    expect(part).toMatchObject({ from: 0 })
  })

  it('says nothing of a few values', () => expect(findSteadyPart([1, 2, 3])).toBeNull())
})
