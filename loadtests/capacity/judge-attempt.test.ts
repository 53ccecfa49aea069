import { describe, expect, it } from 'vitest'
import { exampleHistogram } from '../analysis/example-run.ts'
import { EXAMPLE_POINT, exampleTrial, latencies, type TrialChange } from './example-trial.ts'
import { answersNeeded, judgeAttempt } from './judge-attempt.ts'

const SETTINGS = {
  goals: [
    { name: 'p99=300ms', percentile: 99, most_ms: 300 },
    { name: 'p95=1s', percentile: 95, most_ms: 1_000 },
  ],
  most_errors: 0.01,
}
const judge = (change: TrialChange = {}) => judgeAttempt(exampleTrial(change), EXAMPLE_POINT, SETTINGS)
const schedule = (change: object) => ({
  scheduled: 3_000,
  sent: 3_000,
  dropped: 0,
  began_at_ms: null,
  lag_histogram: exampleHistogram([0.1]),
  ...change,
})
const LATE = schedule({ lag_histogram: exampleHistogram([100]) })

describe('judgeAttempt', () => {
  it('a calm trial meets every goal', () => {
    expect(judge()).toEqual({
      verdict: 'valid',
      why: null,
      broken: null,
      cannotOffer: false,
      seconds: 6,
      achieved: 500,
      goals: { 'p99=300ms': { met: true, misses: [] }, 'p95=1s': { met: true, misses: [] } },
    })
  })

  it('each goal has its own percentile and limit', () => {
    expect(judge({ load: { histogram: latencies(500) } }).goals).toMatchObject({
      'p99=300ms': { met: false, misses: [expect.stringContaining('p99 500 ms (at most 300)')] },
      'p95=1s': { met: true },
    })
  })

  it.each<[string, TrialChange, string]>([
    [
      'refusals and errors',
      { load: { refused: 30, errors: 30, accepted: 2_940 } },
      '2 % refused or failed (at most 1 %)',
    ],
    [
      'nobody answers',
      { load: { errors: 2, by_status: { '202': 2_998, unanswered: 1, not_sent: 1 } } },
      '2 were never answered',
    ],
    [
      'a growing backlog',
      { sample: (t) => ({ queue: { stream: 0, outbox: 60 * t, jobs: 0 } }) },
      'the drain does not keep up: 300 waited when the load ended, growing by 60.0 a second',
    ],
    [
      'a large backlog',
      { sample: () => ({ queue: { stream: 0, outbox: 600, jobs: 0 } }) },
      'the drain does not keep up: 600 waited',
    ],
  ])('%s misses all goals', (_name, change, told) => {
    const { goals, verdict } = judge(change)
    expect(verdict).toBe('valid')
    for (const { met, misses } of Object.values(goals)) {
      expect(met).toBe(false)
      expect(misses.join()).toContain(told)
    }
  })

  it('a broken invariant is told, but not the one that being too slow breaks as well', () => {
    const broken = (number: number) => [{ number, title: 'no seat twice', examined: 9, broken: ['id-1'] }]
    expect(judge({ trial: { invariants: broken(6) } }).broken).toBe('invariant 6 (no seat twice; id id-1)')
    expect(judge({ trial: { invariants: broken(12) } }).broken).toBeNull()
  })

  it('what is met in spite of a late or busy generator is met', () => {
    expect(judge({ load: { schedule: LATE } })).toMatchObject({
      verdict: 'valid',
      goals: { 'p99=300ms': { met: true } },
    })
    const busy = (t: number) => ({ t, cpu: { generator: 0.95 } })
    expect(judge({ sample: busy }).verdict).toBe('valid')
  })

  it('what a late generator may have missed says nothing, and such a load cannot be made', () => {
    const answer = judge({ load: { schedule: LATE, histogram: latencies(400) } })
    expect(answer).toMatchObject({
      verdict: 'invalid',
      cannotOffer: true,
      goals: {},
      why: expect.stringContaining('late'),
    })
  })

  it('where people fill the connections, the system is what they wait for', () => {
    // 500/s × 1.5 s = 750 of 1000 connections.
    expect(judge({ load: { schedule: LATE, histogram: latencies(1_500) } })).toMatchObject({
      verdict: 'valid',
      goals: { 'p99=300ms': { met: false } },
    })
  })

  it('people who never came leave the tail unknown', () => {
    const dropped = schedule({ sent: 2_990, dropped: 10 })
    expect(judge({ load: { schedule: dropped } })).toMatchObject({ verdict: 'invalid', cannotOffer: true })
  })

  it('a jump of the clock, and too few answers, say nothing, but may be tried again', () => {
    expect(judge({ load: { clock_step_ms: 500 } })).toMatchObject({ verdict: 'invalid', cannotOffer: false })
    const few = { accepted: 200, histogram: exampleHistogram(Array(200).fill(20)) }
    const calm = () => ({ queue: { stream: 0, outbox: 0, jobs: 0 } })
    expect(judge({ load: few, sample: calm })).toMatchObject({
      verdict: 'invalid',
      why: 'only 200 answers: its percentile needs 299',
    })
    expect([50, 95, 99, 99.9].map(answersNeeded)).toEqual([5, 59, 299, 2995])
  })

  it('a trial that failed is a miss only when its backlog was waited for', () => {
    const failure = 'The backlog was not drained within 180 s'
    const failed = { status: 'failed' as const, failure, loads: [] }
    expect(judge({ trial: failed })).toMatchObject({
      verdict: 'valid',
      // Without its time the search would try that load again and again.
      seconds: expect.toSatisfy((seconds: number) => seconds > 0),
      goals: { 'p95=1s': { met: false, misses: [failure] } },
    })
    expect(judge({ trial: { ...failed, failure: 'it died', invariants: [] } })).toMatchObject({
      verdict: 'invalid',
      why: 'it failed: it died',
    })
  })
})
