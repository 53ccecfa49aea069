import { readFile } from 'node:fs/promises'
import { beforeAll, expect, it } from 'vitest'
import { type Run, runSchema } from '../run-file.ts'
import { checkRunLaws, observeTrial } from './observe-trial.ts'

let run: Run

beforeAll(async () => {
  const file = new URL('../../reports/example-hot-code/run.json', import.meta.url)
  run = runSchema.parse(JSON.parse(await readFile(file, 'utf8')))
})

it('a measured run keeps the laws: 50 connections are 50 requests under way, within 1 %', () => {
  expect(checkRunLaws(run)).toEqual([])
  const found = run.trials.flatMap((trial) => observeTrial(run, trial) ?? [])
  expect(found).toHaveLength(25)
  for (const { throughput, responseTime } of found)
    expect(Math.abs((throughput * responseTime) / 50 - 1)).toBeLessThan(0.01)
})

it('a plan that says other connections, and a machine with less than one of its cores, are caught', () => {
  const wrong = { ...run, plan: { ...run.plan, connections: 100 } }
  const broken = checkRunLaws(wrong)
  expect(broken).toHaveLength(25)
  expect(broken[0]).toMatchObject({ law: 'L = X W', round: 1, told: expect.stringContaining('there were 100') })
  const smaller = { ...run, environment: { ...run.environment, cores: 1 } }
  expect(new Set(checkRunLaws(smaller).map(({ law }) => law))).toContain('X <= 1/Dmax')
})

it('an open loop is held against the machine alone; a trial that failed against nothing', () => {
  const open = { ...run, plan: { ...run.plan, engine: 'paced' as const, connections: 7 } }
  expect(checkRunLaws(open)).toEqual([])
  const failed = run.trials.map((trial) => ({ ...trial, status: 'failed' as const }))
  expect(checkRunLaws({ ...run, plan: { ...run.plan, connections: 7 }, trials: failed })).toEqual([])
})
