import { describe, expect, it } from 'vitest'
import { exampleAccuracyRun } from '../accuracy/example-accuracy.ts'
import { exampleBasis } from './example-basis.ts'
import { judgeCandidate } from './judge-candidate.ts'
import { AS_MEASURED, type PlanRequest } from './plan-request.ts'
import { describeBasis, verificationPoint, verify } from './verify-plan.ts'

const REQUEST: PlanRequest = {
  users: 500,
  think: 10,
  p99: 0.2,
  mode: 'token-bucket',
  isHot: true,
  dbLatency: 0,
  redisLatency: 0.01,
  machine: { cores: 2, memoryBytes: 4e9, megabitsPerSecond: 100 },
  whatIf: AS_MEASURED,
}
const profile = { servers: 1, workers: 1, concurrency: 20, pool: 5, semaphore: 10, redis_connections: 1 }
const candidate = judgeCandidate(REQUEST, exampleBasis(), profile)
const point = verificationPoint(REQUEST, candidate, 5)

describe('a verification', () => {
  it('is the load of so many users on that profile', () => {
    expect(point).toMatchObject({ mode: 'token-bucket', profile, redis_latency_ms: 10, drain: 'running', codes: 1 })
    expect(point.arrivals).toEqual({ model: 'poisson', rate: candidate.rate, seed: 5 })
    expect(candidate.rate).toBeCloseTo(500 / 10, 0)
  })

  it('holds what was foretold against those who came, and against the target', () => {
    const { figures, ...verification } = verify(REQUEST, candidate, exampleAccuracyRun([point], 3))
    expect(verification).toMatchObject({ trials: 3, broken: [], meets_target: true })
    // As many as the seed says, whatever the mean was.
    expect(figures?.throughput.foretold).toBeCloseTo(figures?.throughput.measured ?? 0, 0)
    expect(figures?.throughput.is_held).toBe(true)
    const slow = verify({ ...REQUEST, p99: 0.001 }, candidate, exampleAccuracyRun([point], 3))
    expect(slow.meets_target).toBe(false)
  })

  it('tells whether the generator was part of what was foretold', () => {
    const run = exampleAccuracyRun([point], 1)
    const beside = judgeCandidate(REQUEST, exampleBasis(), profile, { hasGenerator: true })
    expect(describeBasis(verify(REQUEST, beside, run))).toMatch('with the load generator')
    expect(describeBasis(verify(REQUEST, candidate, run))).toMatch('without the load generator')
  })

  it('says nothing without a trial that counts, and names an invariant that broke', () => {
    const run = exampleAccuracyRun([point], 1)
    const failed = run.trials.map((trial) => ({ ...trial, status: 'failed' as const }))
    expect(verify(REQUEST, candidate, { ...run, trials: failed })).toMatchObject({ figures: null, meets_target: false })
    const oversold = run.trials.map((trial) => ({
      ...trial,
      invariants: [{ number: 1, title: 'uses', examined: 9, broken: ['HOT: 11 of 10'] }],
    }))
    expect(verify(REQUEST, candidate, { ...run, trials: oversold })).toMatchObject({ broken: [1], meets_target: false })
  })
})
