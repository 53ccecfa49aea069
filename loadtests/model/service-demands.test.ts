import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { exampleRun } from '../analysis/example-run.ts'
import { runSchema } from '../run-file.ts'
import { serviceDemandsOf } from './service-demands.ts'

const MEASURED = new URL('../../reports/example-hot-code/run.json', import.meta.url)

it('is counted CPU over redemptions, by mode and kind, with an interval over rounds', () => {
  const run = exampleRun({ rounds: 5, modes: ['none', 'ceiling'] })
  const [none, ...others] = serviceDemandsOf(run)
  expect(others).toEqual([])
  expect(none?.mode).toBe('none')
  expect(none?.accept.map(({ kind }) => kind)).toEqual(['server', 'postgres', 'redis', 'generator'])
  const trials = run.trials.filter(({ mode }) => mode === 'none')
  const costs = trials.map(({ work }) => (work?.accept_cpu_ms.server ?? 0) / 1_000 / (work?.redemptions ?? 0))
  const server = none?.accept[0]
  expect(server?.rounds).toBe(5)
  expect(server?.seconds).toMatchObject({ low: Math.min(...costs), high: Math.max(...costs) })
  expect(none?.drain.find(({ kind }) => kind === 'worker')?.seconds.median).toBeCloseTo(0.00042, 9)
})

it('leaves out what is unknown, and trials that failed', () => {
  const run = exampleRun({ rounds: 2, modes: ['none'] })
  const [first, second] = run.trials
  if (!first?.work || !second?.work) throw new Error('the example has work')
  second.status = 'failed'
  const { postgres: _unknown, ...known } = first.work.accept_cpu_ms
  first.work.accept_cpu_ms = known
  const [none] = serviceDemandsOf(run)
  expect(none?.accept.map(({ kind, rounds }) => [kind, rounds])).toEqual([
    ['server', 1],
    ['redis', 1],
    ['generator', 1],
  ])
})

it('of the run that is kept: token-bucket pays Redis and no Postgres, the others the other way', async () => {
  const run = runSchema.parse(JSON.parse(await readFile(MEASURED, 'utf8')))
  const demands = new Map(serviceDemandsOf(run).map((each) => [each.mode, each.accept]))
  const of = (mode: 'none' | 'token-bucket', kind: string) =>
    demands.get(mode)?.find((each) => each.kind === kind)?.seconds.median ?? Number.NaN
  expect(of('token-bucket', 'postgres')).toBeLessThan(0.01 * of('none', 'postgres'))
  expect(of('none', 'redis')).toBeLessThan(0.1 * of('token-bucket', 'redis'))
})
