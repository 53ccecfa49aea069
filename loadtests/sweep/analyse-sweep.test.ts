import { describe, expect, it } from 'vitest'
import { throughputAt } from '../model/usl.ts'
import { analyseSweep } from './analyse-sweep.ts'
import { EXAMPLE_POINT, type ExampleFigures, exampleSweep } from './example-sweep.ts'
import { spreadPoint } from './knobs.ts'
import { sweepSummarySchema } from './sweep-file.ts'

const HOLD_MS = 10
const LIMIT = 1_000

/** Connections of 10 ms each, until something else allows 1 000 per second; `loss` of it for each pool past 20. */
function poolFigures(pool: number, loss = 0): ExampleFigures {
  const rate = Math.min((1_000 / HOLD_MS) * pool, LIMIT * (pool > 20 ? 1 - loss : 1))
  return { rate, pool: { holdMs: HOLD_MS, busy: (rate * HOLD_MS) / 1_000, waitMs: 50 / pool } }
}

function sweepPools({ loss = 0, noise = 0.005, rounds = 8 } = {}) {
  const points = spreadPoint(EXAMPLE_POINT, [{ knob: 'pool', values: [2, 5, 10, 20, 40] }])
  return exampleSweep({ points, figuresOf: ({ profile }) => poolFigures(profile.pool, loss), noise, rounds })
}

describe('a sweep over pools', () => {
  const summary = analyseSweep(sweepPools())

  it('is what its schema says', () => {
    expect(sweepSummarySchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(JSON.parse(JSON.stringify(summary)))
  })

  it('finds the slope of the rising part to be 1/hold, and its knee', () => {
    const { pool_curve: curve } = summary
    expect(curve?.slope_x_hold?.median).toBeCloseTo(1, 2)
    expect(curve?.knee).toBe(10)
    // 1 ms of all processes on the example's cores, and half a millisecond of the one server process.
    expect(curve?.largest_demand).toEqual({ station: 'a server process', ms: expect.closeTo(0.5) })
    expect(curve?.demand_knee).toBeGreaterThan(15)
  })

  it('holds the connections in use against throughput × hold', () => {
    expect(summary.points.map(({ pool }) => pool?.agrees)).toEqual([true, true, true, true, true])
    const run = sweepPools()
    const wrong = run.trials.map((trial) => ({
      ...trial,
      samples: trial.samples.map((sample) => ({
        ...sample,
        pool: sample.pool && { ...sample.pool, busy_seconds: 1.1 * (sample.pool.busy_seconds ?? 0) },
      })),
    }))
    const broken = analyseSweep({ ...run, trials: wrong })
    expect(broken.points[0]?.pool?.agrees).toBe(false)
    expect(broken.warnings[0]).toContain('one of the instruments is wrong')
  })

  it('recommends the smallest pool within 3 %, beside the rule of thumb', () => {
    expect(summary.recommendation).toMatchObject({ value: 10, certain: 10 })
    expect(summary.rule_of_thumb).toBe(2 * sweepPools().environment.cores + 1)
    expect(summary.verdict).toContain('pool 10 is the smallest within 3 % of the best')
  })

  it('says when the noise does not allow to tell', () => {
    const noisy = analyseSweep(sweepPools({ noise: 0.15 })).recommendation
    expect(noisy?.certain).toBeNull()
    expect(noisy?.told).toContain('the noise does not allow to tell')
    expect(analyseSweep(sweepPools({ rounds: 2 })).recommendation?.told).toContain('fewer than 5 rounds')
  })

  it('tells a plateau from a decline, by an interval', () => {
    expect(summary.pool_curve?.tail.verdict).toBe('plateau')
    expect(analyseSweep(sweepPools({ loss: 0.2 })).pool_curve?.tail.verdict).toBe('decline')
    const unsure = analyseSweep(sweepPools({ noise: 0.3 })).pool_curve?.tail
    expect(unsure).toMatchObject({ verdict: 'not known', told: expect.stringContaining('the noise hides') })
    expect(analyseSweep(sweepPools({ rounds: 2 })).pool_curve?.tail.verdict).toBe('not known')
  })

  it('counts no point whose invariants broke, and says so', () => {
    const run = sweepPools()
    const trials = run.trials.map((trial) =>
      trial.profile === 'pool 40'
        ? { ...trial, invariants: trial.invariants.map((one) => ({ ...one, broken: ['x'] })) }
        : trial,
    )
    const found = analyseSweep({ ...run, trials })
    expect(found.best).not.toBe('pool 40')
    expect(found.verdict).toContain('BROKE with pool 40')
  })
})

describe('a sweep over connections', () => {
  const truth = { alpha: 0.05, beta: 0.001, gamma: 500 }
  const points = spreadPoint({ ...EXAMPLE_POINT, mode: 'token-bucket' }, [
    { knob: 'connections', values: [1, 2, 4, 8, 16, 32, 64] },
  ])
  const figuresOf = ({ connections }: { connections: number }) => ({ rate: throughputAt(truth, connections) })
  const run = exampleSweep({ points, figuresOf, noise: 0.002 })

  it('fits the Universal Scalability Law to every round', () => {
    const { usl, recommendation } = analyseSweep(run)
    // A load is nothing to recommend.
    expect(recommendation).toBeNull()
    expect(usl?.peak?.n).toBeCloseTo(Math.sqrt(0.95 / 0.001), -1)
    expect(usl?.curve.every(({ low, x, high }) => low <= x && x <= high)).toBe(true)
    expect(usl?.knee).toBeGreaterThan(2)
  })

  it('has no law with fewer loads than its parameters need, nor in an open loop', () => {
    const few = points.slice(0, 3)
    expect(analyseSweep(exampleSweep({ points: few, figuresOf })).usl).toBeNull()
  })
})

describe('a sweep over workers', () => {
  it('compares how fast invites go out', () => {
    const points = spreadPoint(EXAMPLE_POINT, [{ knob: 'workers', values: [1, 2] }])
    const figuresOf = ({ profile }: typeof EXAMPLE_POINT) => ({ rate: 900, drainRate: 200 * profile.workers })
    const summary = analyseSweep(exampleSweep({ points, figuresOf }))
    expect(summary).toMatchObject({ figure: 'drained_per_second', best: 'workers 2' })
  })
})

describe('a sweep in an open loop', () => {
  it('compares how long people wait, since as many are answered as come', () => {
    const arrivals = { model: 'constant', rate: 300 } as const
    const points = spreadPoint({ ...EXAMPLE_POINT, arrivals }, [{ knob: 'pool', values: [5, 10, 20] }])
    const figuresOf = ({ profile: { pool } }: typeof EXAMPLE_POINT) => ({ rate: 300, meanMs: pool === 5 ? 20 : 10 })
    const summary = analyseSweep(exampleSweep({ points, figuresOf }))
    expect(summary).toMatchObject({ figure: 'mean_ms', pool_curve: null, usl: null, recommendation: { value: 10 } })
    expect(summary.points[0]?.ratio_to_best?.estimate).toBeCloseTo(0.5, 1)
    expect(summary.verdict).toMatch(/^The lowest mean was with pool (10|20): /)
  })
})

it('says that a knob does nothing in this mode', () => {
  const points = spreadPoint({ ...EXAMPLE_POINT, mode: 'token-bucket' }, [{ knob: 'pool', values: [5, 10] }])
  const { warnings, pool_curve } = analyseSweep(exampleSweep({ points, figuresOf: () => ({ rate: 900 }) }))
  expect(warnings[0]).toContain('a request of token-bucket uses no SQL')
  expect(pool_curve).toBeNull()
})

it('says that nothing was measured', () => {
  const points = spreadPoint(EXAMPLE_POINT, [{ knob: 'pool', values: [5, 10] }])
  const summary = analyseSweep({ ...exampleSweep({ points, figuresOf: () => ({ rate: 1 }) }), trials: [] })
  expect(summary).toMatchObject({ best: null, verdict: 'Nothing was measured that counts.' })
})
