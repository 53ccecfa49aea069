import { expect, it } from 'vitest'
import type { Attempt } from './attempt.ts'
import { estimateTrialsLeft } from './estimate-left.ts'
import { searchCapacity } from './search-capacity.ts'
import { GOAL_DEFAULTS } from './search-goal.ts'
import { PLAIN, simulateSystem } from './simulated-systems.ts'

it('is near what a search then takes, and nothing when every goal is settled', async () => {
  const targets = [{ name: 'p99', percentile: 0.99, mostMs: 20 }]
  const goals = targets.map(({ name }) => ({ ...GOAL_DEFAULTS, name }))
  const seen: (readonly Attempt[])[] = []
  await searchCapacity(simulateSystem({ ...PLAIN, knee: 'soft' }, targets, 1), {
    goals,
    range: { start: 200, least: 1, most: 50_000, step: 0.1 },
    mostTrials: 150,
    restSeconds: 0,
    onAttempt: (attempts) => seen.push(attempts),
  })
  const errors = seen.map((attempts) => estimateTrialsLeft(goals, attempts) - (seen.length - attempts.length))
  expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(8)
  expect(estimateTrialsLeft(goals, seen.at(-1) ?? [])).toBe(0)
})
