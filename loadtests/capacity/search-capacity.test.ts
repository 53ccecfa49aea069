import { describe, expect, it } from 'vitest'
import type { SearchedSystem, TrialAnswer } from './attempt.ts'
import { goalResult } from './goal-result.ts'
import { searchCapacity } from './search-capacity.ts'
import { GOAL_DEFAULTS, stagesOf, strideOf } from './search-goal.ts'
import { PLAIN, simulateSystem } from './simulated-systems.ts'

const TARGETS = [
  { name: 'strict', percentile: 0.99, mostMs: 20 },
  { name: 'lax', percentile: 0.95, mostMs: 100 },
]
const GOALS = TARGETS.map(({ name }) => ({ ...GOAL_DEFAULTS, name }))
const OPTIONS = {
  goals: GOALS,
  range: { start: 200, least: 1, most: 50_000, step: 0.1 },
  mostTrials: 150,
  restSeconds: 30,
}
const SOFT = { ...PLAIN, knee: 'soft' as const }

const resultsOf = (attempts: Parameters<typeof goalResult>[1], step = 0.1) =>
  GOALS.map((goal) => goalResult(goal, attempts, step))

/** A system that answers something else at some loads. */
function changed(change: (load: number, answer: TrialAnswer) => TrialAnswer): SearchedSystem {
  const system = simulateSystem(SOFT, TARGETS, 1)
  return { ...system, tryLoad: async (load, seconds) => change(load, await system.tryLoad(load, seconds)) }
}

describe('searchCapacity', () => {
  it('finds both goals in one search, the same trial counting for both', async () => {
    const { attempts, ended } = await searchCapacity(simulateSystem(SOFT, TARGETS, 1), OPTIONS)
    expect(ended).toBe('every goal is settled')
    const [strict, lax] = resultsOf(attempts)
    // M/M/1: 1000 + ln(1 − q)/most.
    expect(strict).toMatchObject({ isRegular: true, isInverted: false })
    for (const [result, limit] of [
      [strict, 769.74],
      [lax, 970.04],
    ] as const) {
      expect(result?.lower).toBeLessThanOrEqual(limit)
      expect(result?.upper).toBeGreaterThanOrEqual(limit)
      expect(result?.conditionalThroughput).toBe(result?.lower)
    }
    for (const { goals } of attempts) expect(Object.keys(goals)).toEqual(['strict', 'lax'])
  })

  it('finds whole connections, where neighbours are the narrowest that there is', async () => {
    const system = simulateSystem({ ...PLAIN, capacityAt: () => 37.5 }, TARGETS, 1)
    const { attempts } = await searchCapacity(system, {
      ...OPTIONS,
      range: { start: 10, least: 1, most: 2_000, step: 1 },
    })
    expect(resultsOf(attempts, 1)).toMatchObject([
      { lower: 37, upper: 38, isRegular: true },
      { lower: 37, upper: 38, isRegular: true },
    ])
  })

  it('says "at least" where nothing misses, and that nothing is met where all miss', async () => {
    const fast = simulateSystem({ ...PLAIN, capacityAt: () => 1e6 }, TARGETS, 1)
    expect(resultsOf((await searchCapacity(fast, OPTIONS)).attempts)).toMatchObject([
      { lower: 50_000, upper: null, irregular: 'no load that was tried misses' },
      { lower: 50_000, upper: null },
    ])
    const slow = simulateSystem({ ...PLAIN, capacityAt: () => 0.5 }, TARGETS, 1)
    expect(resultsOf((await searchCapacity(slow, OPTIONS)).attempts)).toMatchObject([
      { lower: null, upper: 1, irregular: 'the smallest load that was tried misses' },
      { lower: null, upper: 1 },
    ])
  })

  it('does not count what is invalid, and gives up a load that cannot be made', async () => {
    const why = 'the generator used 0.93 of its one core'
    const { attempts } = await searchCapacity(
      changed((load, answer) =>
        load > 500 ? { ...answer, verdict: 'invalid', cannotOffer: true, why, goals: {} } : answer,
      ),
      OPTIONS,
    )
    const [strict] = resultsOf(attempts)
    expect(strict).toMatchObject({ isRegular: false, untried: why, irregular: `more could not be tried: ${why}` })
    expect(strict?.lower).toBeLessThanOrEqual(500)
    expect(strict?.lower).toBeGreaterThan(480)
    const above = attempts.flatMap(({ load }) => (load > 500 ? [load] : []))
    expect(above).toHaveLength(2 * new Set(above).size)
  })

  it('ends at once when an invariant breaks', async () => {
    const { attempts, ended } = await searchCapacity(
      changed((load, answer) => (load > 300 ? { ...answer, broken: 'invariant 1' } : answer)),
      OPTIONS,
    )
    expect(ended).toBe('an invariant broke')
    expect(attempts.filter(({ broken }) => broken !== null)).toHaveLength(1)
  })

  it('ends at its limit of trials, and is irregular then', async () => {
    const { attempts, ended } = await searchCapacity(simulateSystem(SOFT, TARGETS, 1), { ...OPTIONS, mostTrials: 5 })
    expect(ended).toBe('the limit of trials was reached')
    expect(resultsOf(attempts).map(({ isRegular }) => isRegular)).toEqual([false, false])
  })

  it('passes an interruption on', async () => {
    const stop = new Error('stop')
    const system: SearchedSystem = {
      keepsState: false,
      tryLoad: () => Promise.reject(stop),
      rest: async () => undefined,
    }
    await expect(searchCapacity(system, OPTIONS)).rejects.toBe(stop)
  })

  it('says whether a system recovers from an overload', async () => {
    const search = (rest: number, share: number) =>
      searchCapacity(simulateSystem({ ...SOFT, stuck: { share, rest } }, TARGETS, 1), OPTIONS)
    expect((await search(0, 1)).afterOverload).toBe('recovers at once')
    expect((await search(20, 0.7)).afterOverload).toBe('recovers after a rest')
  })

  it('says of one that never recovers that larger loads did better', async () => {
    const system = simulateSystem({ ...SOFT, stuck: { share: 0.7, rest: 1e9 } }, TARGETS, 1)
    const [, lax] = resultsOf((await searchCapacity(system, OPTIONS)).attempts)
    expect(lax).toMatchObject({ isInverted: true })
    expect(lax?.upper).toBeLessThan(700)
  })
})

describe('the stages and strides of a goal', () => {
  it('halve from at most double down to exactly the width', () => {
    for (const width of [0.005, 0.02, 0.05, 0.2]) {
      const stride = strideOf({ width })
      expect(stride).toBeLessThanOrEqual(2)
      const halvings = Math.log2(Math.log(stride) / Math.log(1 + 0.98 * width))
      expect(halvings).toBeCloseTo(Math.round(halvings), 9)
    }
  })

  it('begin with single short trials and four widths', () => {
    const [coarse, final] = stagesOf({ ...GOAL_DEFAULTS, name: 'p99' })
    expect(coarse).toMatchObject({ finalTrialSeconds: 2, durationSum: 2, width: 1.02 ** 4 - 1 })
    expect(final).toMatchObject({ finalTrialSeconds: 6, durationSum: 18, width: 0.02 })
  })
})
