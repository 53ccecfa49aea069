import { beforeAll, describe, expect, it } from 'vitest'
import { type GoalResult, goalResult } from './goal-result.ts'
import { type Search, searchCapacity } from './search-capacity.ts'
import { GOAL_DEFAULTS } from './search-goal.ts'
import { type Nature, PLAIN, type Simulated, simulateSystem } from './simulated-systems.ts'

const TARGETS = [
  { name: 'p99=20ms', percentile: 0.99, mostMs: 20 },
  { name: 'p95=100ms', percentile: 0.95, mostMs: 100 },
]
const GOALS = TARGETS.map(({ name }) => ({ ...GOAL_DEFAULTS, name }))
const RANGE = { start: 200, least: 1, most: 50_000, step: 0.1 }
const SEARCHES = 200
/** What a set of ten searches is. */
const TEN = 10
const MOST_TRIAL_SECONDS = 300

interface Expected {
  /** Least share of goals whose bounds enclose the limit, as it is when the search ends. */
  readonly enclosed: number
  /** Most that a bound's middle is off, in all searches. */
  readonly off: number
  /** Least share of sets of ten searches whose middles lie within 3 %. */
  readonly alike: number
  readonly afterOverload: Search['afterOverload']
}

/** Soft ones are M/M/1: the p99 grows without a jump, so that the machine's noise decides near the limit. */
const NATURES: Record<string, [Nature, Expected]> = {
  hard: [PLAIN, { enclosed: 1, off: 0.02, alike: 1, afterOverload: null }],
  soft: [
    { ...PLAIN, knee: 'soft', noise: 0.01 },
    { enclosed: 0.98, off: 0.02, alike: 1, afterOverload: null },
  ],
  noisy: [
    { ...PLAIN, knee: 'soft', noise: 0.015, disturbed: 0.03, invalid: 0.05 },
    { enclosed: 0.9, off: 0.04, alike: 0.95, afterOverload: null },
  ],
  // 3 % more within two and a half minutes.
  drifting: [
    { ...PLAIN, knee: 'soft', noise: 0.01, capacityAt: (seconds) => 1_000 * (1 + 0.0002 * seconds) },
    { enclosed: 0.5, off: 0.03, alike: 0.95, afterOverload: null },
  ],
  metastable: [
    { ...PLAIN, knee: 'soft', noise: 0.01, stuck: { share: 0.6, rest: 20 } },
    { enclosed: 0.98, off: 0.02, alike: 1, afterOverload: 'recovers after a rest' },
  ],
}

interface Outcome {
  readonly system: Simulated
  readonly search: Search
  readonly results: readonly GoalResult[]
}

async function search(nature: Nature, seed: number): Promise<Outcome> {
  const system = simulateSystem(nature, TARGETS, seed)
  const found = await searchCapacity(system, { goals: GOALS, range: RANGE, mostTrials: 150, restSeconds: 30 })
  return { system, search: found, results: GOALS.map((goal) => goalResult(goal, found.attempts, RANGE.step)) }
}

function middleOf({ lower, upper }: GoalResult): number {
  return Math.sqrt((lower ?? Number.NaN) * (upper ?? Number.NaN))
}

describe.each(Object.entries(NATURES))('200 searches of a %s system', (_name, [nature, expected]) => {
  let all: Outcome[]
  beforeAll(async () => {
    all = await Promise.all(Array.from({ length: SEARCHES }, (_, index) => search(nature, index + 1)))
  })
  const pairs = () =>
    all.flatMap(({ system, results }) =>
      results.map((result, index) => ({ result, limit: system.limitOf(TARGETS[index] as (typeof TARGETS)[number]) })),
    )

  it('each end with bounds of at most 2 %, around the limit', () => {
    for (const { result, limit } of pairs()) {
      expect(result.irregular).toBeNull()
      expect((result.upper ?? 0) / (result.lower ?? 1) - 1).toBeLessThanOrEqual(0.02 + 1e-9)
      expect(Math.abs(middleOf(result) / limit - 1)).toBeLessThan(expected.off)
    }
    const enclosed = pairs().filter(
      ({ result: { lower, upper }, limit }) => Number(lower) <= limit && limit <= Number(upper),
    )
    expect(enclosed.length / pairs().length).toBeGreaterThanOrEqual(expected.enclosed)
  })

  it('ten of them agree within 3 %', () => {
    const sets = GOALS.flatMap((_goal, index) => {
      const middles = all.map(({ results }) => middleOf(results[index] as GoalResult))
      return Array.from({ length: SEARCHES / TEN }, (_, set) => middles.slice(TEN * set, TEN * (set + 1)))
    })
    const alike = sets.filter((middles) => Math.max(...middles) / Math.min(...middles) <= 1.03)
    expect(alike.length / sets.length).toBeGreaterThanOrEqual(expected.alike)
  })

  it('in at most five minutes of load', () => {
    const seconds = all.map(({ system }) => system.trialSeconds)
    expect(Math.max(...seconds)).toBeLessThanOrEqual(MOST_TRIAL_SECONDS)
  })

  it('and say what an overload leaves behind', () => {
    const told = all.filter(({ search: { afterOverload } }) => afterOverload === expected.afterOverload)
    expect(told.length / SEARCHES).toBeGreaterThanOrEqual(0.95)
  })
})
