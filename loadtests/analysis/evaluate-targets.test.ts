import { describe, expect, it } from 'vitest'
import type { Run } from '../run-file.ts'
import { loadTargets } from '../targets/load-targets.ts'
import { type Target, targetSchema } from '../targets/targets-schema.ts'
import { exampleRun } from './example-run.ts'
import { summarise } from './summarise.ts'

function evaluate(target: Record<string, unknown>, run: Run = exampleRun()) {
  const parsed: Target = targetSchema.parse({ name: 'a target', ...target })
  const [result] = summarise(run, { schema: 1, name: 'test', targets: [parsed] }).targets
  if (!result) throw new Error('one target, one result')
  return result
}

describe('evaluateTargets', () => {
  it('meets and misses with the number', () => {
    const target = { measure: 'ratio_to_ceiling', modes: ['token-bucket'], unit: '× ceiling' }
    expect(evaluate({ ...target, at_least: 0.6 })).toMatchObject({ verdict: 'met', wanted: '≥ 0.60 × ceiling' })
    expect(evaluate({ ...target, at_least: 0.9 })).toMatchObject({ verdict: 'missed', why: null })
    expect(evaluate({ ...target, at_least: 0.9 }).got).toMatch(/^0\.\d\d \(0\.\d\d–0\.\d\d\)$/)
  })

  it('takes ratios between modes within a round', () => {
    const target = { measure: 'ratio_to_mode', modes: ['token-bucket'], over: 'none' }
    expect(evaluate({ ...target, at_least: 2 }).verdict).toBe('met')
    expect(evaluate({ ...target, at_least: 100 }).verdict).toBe('missed')
    expect(evaluate({ ...target, at_least: 2 }, exampleRun({ modes: ['token-bucket'] }))).toMatchObject({
      verdict: 'not measurable here',
      why: 'no round of this run has both token-bucket and none',
    })
  })

  it('has to be met by every mode that it names', () => {
    const target = { measure: 'sql_statements_in_request', modes: ['none', 'token-bucket'] }
    expect(evaluate({ ...target, at_most: 4 })).toMatchObject({ verdict: 'met', got: 'none 4, token-bucket 0' })
    expect(evaluate({ ...target, at_most: 3 }).verdict).toBe('missed')
  })

  it('is not met by a part of its modes, but missed by one of them', () => {
    const target = { measure: 'sql_statements_in_request', modes: ['none', 'in-process', 'token-bucket'] }
    const part = exampleRun({ modes: ['none', 'ceiling'] })
    expect(evaluate({ ...target, at_most: 4 }, part)).toMatchObject({
      verdict: 'not measurable here',
      got: 'none 4',
      why: 'nothing is known of in-process and token-bucket: this run did not try in-process; this run did not try token-bucket',
    })
    expect(evaluate({ ...target, at_most: 3 }, part)).toMatchObject({ verdict: 'missed', why: /did not try/ })
    const failed = exampleRun()
    const trials = failed.trials.map((trial) =>
      trial.mode === 'in-process' ? { ...trial, status: 'failed' as const } : trial,
    )
    expect(evaluate({ ...target, at_most: 4 }, { ...failed, trials })).toMatchObject({
      verdict: 'not measurable here',
      why: 'nothing is known of in-process: no trial of in-process succeeded',
    })
  })

  it('decides nothing about CPU time that nobody watched', () => {
    const run = exampleRun()
    const trials = run.trials.map(({ work, ...trial }) => ({
      ...trial,
      work: work && { ...work, drain_cpu_ms: { server: 1, worker: 1 } },
    }))
    const target = { measure: 'drain_cpu_over_accept_cpu', modes: ['none'], at_most: 4 }
    expect(evaluate(target, { ...run, trials })).toMatchObject({
      verdict: 'not measurable here',
      why: /CPU time of some processes is unknown/,
    })
  })

  it('says why something cannot be measured here, and shows what was', () => {
    const target = { measure: 'accepted_per_second', modes: ['token-bucket'], at_least: 5000, needs: { servers: 10 } }
    const result = evaluate(target)
    expect(result.verdict).toBe('not measurable here')
    expect(result.why).toBe('needs 10 server processes: this run had 1 server process')
    expect(result.got).toMatch(/^\d,\d{3}/)
    const elsewhere = {
      measure: 'ratio_to_ceiling',
      modes: ['none'],
      scenarios: ['sold-out', 'many-codes'],
      at_least: 1,
    }
    expect(evaluate(elsewhere)).toMatchObject({
      verdict: 'not applicable',
      why: 'it is about sold-out and many-codes, this run tried hot-code',
    })
  })

  it('misses what a mode reached by breaking an invariant', () => {
    const run = exampleRun()
    const broken = [{ number: 1, title: 'no overselling', examined: 1, broken: ['a'] }]
    const trials = run.trials.map((trial) => ({ ...trial, invariants: broken }))
    const target = { measure: 'accepted_per_second', modes: ['none'], at_least: 1 }
    expect(evaluate(target, { ...run, trials })).toMatchObject({ verdict: 'missed', why: /broke an invariant/ })
  })

  it('misses a ratio to a mode that broke an invariant', () => {
    const run = exampleRun()
    const broken = [{ number: 1, title: 'no overselling', examined: 1, broken: ['a'] }]
    const trials = run.trials.map((trial) => (trial.mode === 'none' ? { ...trial, invariants: broken } : trial))
    const target = { measure: 'ratio_to_mode', modes: ['token-bucket'], over: 'none', at_least: 2 }
    expect(evaluate(target, { ...run, trials })).toMatchObject({ verdict: 'missed', why: /^none broke an invariant/ })
  })

  it('misses a latency when more failed than lie above its percentile, however quick the others were', () => {
    const target = { measure: 'latency_p99_ms', modes: ['none'], at_most: 1e9 }
    const failing = (errors: number) => {
      const run = exampleRun()
      const withErrors = (trial: Run['trials'][number]) => ({
        ...trial,
        loads: trial.loads.map((load) => ({ ...load, errors: trial.mode === 'none' ? errors : 0 })),
      })
      return { ...run, trials: run.trials.map(withErrors) }
    }
    expect(evaluate(target, failing(0)).verdict).toBe('met')
    const accepted = exampleRun().trials.find(({ mode }) => mode === 'none')?.loads[0]?.accepted ?? 0
    expect(evaluate(target, failing(accepted))).toMatchObject({
      verdict: 'missed',
      why: expect.stringMatching(/^45\.4 % of the requests of none failed/),
    })
    expect(evaluate({ ...target, measure: 'latency_p95_ms' }, failing(Math.round(0.02 * accepted))).verdict).toBe('met')
    expect(evaluate(target, failing(Math.round(0.02 * accepted))).verdict).toBe('missed')
  })

  it('compares equality within the tolerance', () => {
    const target = { measure: 'redis_round_trips_in_request', modes: ['token-bucket'] }
    expect(evaluate({ ...target, equals: 1 }).verdict).toBe('met')
    expect(evaluate({ ...target, equals: 1.1 }).verdict).toBe('missed')
  })

  it('decides every claim of the guide', async () => {
    const { targets } = summarise(exampleRun(), await loadTargets())
    const count = (verdict: string) => targets.filter((target) => target.verdict === verdict).length
    expect({ met: count('met'), missed: count('missed'), open: count('not measurable here') }).toMatchInlineSnapshot(`
      {
        "met": 7,
        "missed": 2,
        "open": 8,
      }
    `)
    expect(targets.filter((target) => target.verdict === 'not measurable here' && target.why === null)).toEqual([])
  })
})
