import { readFile } from 'node:fs/promises'
import { beforeAll, expect, it } from 'vitest'
import { exampleHistogram } from '../analysis/example-run.ts'
import { loadOf } from '../analysis/rounds.ts'
import { type Load, type Run, runSchema } from '../run-file.ts'
import { checkRunLaws, checkTrialLaws, observeLoad } from './observe-trial.ts'

let run: Run

beforeAll(async () => {
  const file = new URL('../../reports/example-hot-code/run.json', import.meta.url)
  run = runSchema.parse(JSON.parse(await readFile(file, 'utf8')))
})

it('a measured run keeps the laws: 50 connections are 50 requests under way, within 2 %', () => {
  // Little's law and the machine's cores, for each of 25 trials.
  expect(checkRunLaws(run)).toEqual({ checks: 50, violations: [] })
  const found = run.trials.flatMap((trial) => observeLoad(run, loadOf(trial, 'paused') as Load) ?? [])
  expect(found).toHaveLength(25)
  for (const { throughput, responseTime } of found)
    expect(Math.abs((throughput * responseTime) / 50 - 1)).toBeLessThan(0.02)
})

it('a plan that says other connections, and a machine with less than one of its cores, are caught', () => {
  const wrong = { ...run, plan: { ...run.plan, connections: 100 } }
  const broken = checkRunLaws(wrong).violations
  expect(broken).toHaveLength(25)
  expect(broken[0]).toMatchObject({ law: 'L = X W', round: 1, told: expect.stringContaining('there were 100') })
  const smaller = { ...run, environment: { ...run.environment, cores: 1 } }
  expect(new Set(checkRunLaws(smaller).violations.map(({ law }) => law))).toContain('X <= 1/Dmax')
})

it('CPU that falls behind the answers is not held against a connection that waits for them', () => {
  const [trial] = run.trials as [Run['trials'][number]]
  const load = { ...(loadOf(trial, 'paused') as Load), accepted: 100, served: 0, refused: 0, seconds: 1 }
  const alone = { ...run, plan: { ...run.plan, connections: 1 } }
  // 12 ms of CPU for an answer that is there in 10 ms: two cores have room for that.
  const costly = { ...load, histogram: exampleHistogram(Array(100).fill(10)), cpu_ms: { server: 1_200 } }
  expect(checkTrialLaws(alone, trial, costly)).toEqual({ checks: 2, violations: [] })
})

it('an open loop is held against the machine alone; a trial that failed against nothing', () => {
  const open = { ...run, plan: { ...run.plan, engine: 'paced' as const, connections: 7 } }
  expect(checkRunLaws(open)).toEqual({ checks: 25, violations: [] })
  const failed = run.trials.map((trial) => ({ ...trial, status: 'failed' as const }))
  const wrong = { ...run, plan: { ...run.plan, connections: 7 }, trials: failed }
  expect(checkRunLaws(wrong)).toEqual({ checks: 0, violations: [] })
})

it('what falls idle while the last answers come is no broken instrument, a clock that is slow is', () => {
  const [trial] = run.trials as [Run['trials'][number]]
  const load = loadOf(trial, 'paused') as Load
  const laws = (seconds: number, slowestMs: number) => {
    const histogram = exampleHistogram([...Array(99).fill(50), slowestMs])
    const answers = { accepted: 1_000 * seconds, served: 0, refused: 0 }
    return checkTrialLaws(run, trial, { ...load, ...answers, seconds, histogram, cpu_ms: {} }).violations.map(
      ({ law }) => law,
    )
  }
  // 1000/s × 55 ms are 55 under way, and 50 connections were there.
  expect(laws(1, 550)).toEqual([])
  expect(laws(10, 550)).toEqual([])
  expect(laws(30, 550)).toEqual(['L = X W'])
})
