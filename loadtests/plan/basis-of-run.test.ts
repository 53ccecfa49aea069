import { describe, expect, it } from 'vitest'
import { exampleAccuracyRun } from '../accuracy/example-accuracy.ts'
import { basisOfRun, basisPoints } from './basis-of-run.ts'
import { basisSchema } from './plan-file.ts'

const CHOICES = { codes: 1, db_latency_ms: 10, redis_latency_ms: 10 }

describe('basisOfRun', () => {
  it('takes demands, noise and footprint from a run', () => {
    const basis = basisOfRun(exampleAccuracyRun(basisPoints('token-bucket', CHOICES, 7), 2))
    expect(basisSchema.parse(basis)).toEqual(basis)
    expect(basis).toMatchObject({ rounds: 2, semaphore: 7, db_latency_ms: 10, demands: { mode: 'token-bucket' } })
    // The invented machine takes 1.2 ms at 40 per second and below, and 1 ms from 600 on.
    const server = basis.demands.levels.map(({ accept }) => accept.server)
    expect(server[0]).toBeCloseTo(0.0012, 5)
    expect(server.at(-1)).toBeCloseTo(0.001, 5)
    expect(basis.footprint.connections).toBe(60)
    // A worker takes 2 ms behind a few people, who come one by one, and half of it for a backlog.
    const worker = basis.demands.levels.map(({ drain }) => drain.worker)
    expect(worker[0]).toBeCloseTo(0.002, 5)
    expect(worker.at(-1)).toBeCloseTo(0.001, 5)
  })

  it('names what a run lacks', () => {
    const [few, ...others] = basisPoints('none', CHOICES, 10)
    if (few === undefined) throw new Error('a basis has points')
    expect(() => basisOfRun(exampleAccuracyRun([few], 1))).toThrow('measured 1 loads of one size')
    const draining = others.map((point) => ({ ...point, drain: 'running' as const }))
    expect(() => basisOfRun(exampleAccuracyRun(draining, 1))).toThrow('measured 0 loads of one size')
    expect(() => basisOfRun(exampleAccuracyRun([few, ...others], 1))).toThrow(
      'has one trial of each load: how much this machine changes from one to the next is not known',
    )
    const run = exampleAccuracyRun([few, ...others], 2)
    const failed = { ...run, trials: run.trials.map((trial) => ({ ...trial, status: 'failed' as const })) }
    expect(() => basisOfRun(failed)).toThrow('invented cannot be planned from: "25 people/s" has no trial that counts.')
  })
})
