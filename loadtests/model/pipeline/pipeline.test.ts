import { describe, expect, it } from 'vitest'
import { demandsAt, type PipelineDemands, stallsAt } from './pipeline-demands.ts'
import type { PipelineSize } from './pipeline-size.ts'
import { STALLED } from './pipeline-steps.ts'
import { predictPipeline } from './predict-pipeline.ts'

const NOTHING = { server: 0, postgres: 0, redis: 0, generator: 0, delay_proxy: 0 }
const NO_DRAIN = { worker: 0, scheduler: 0, server: 0, postgres: 0, redis: 0, mail_sink: 0 }
/** A machine on which a redemption costs next to nothing. */
const FREE: PipelineDemands = {
  mode: 'none',
  cores: 2,
  levels: [
    { rate: 1, accept: { ...NOTHING, server: 1e-6 }, drain: NO_DRAIN },
    { rate: 1_000, accept: { ...NOTHING, server: 1e-6 }, drain: NO_DRAIN },
  ],
  alone: Array(20).fill(1e-6),
  stalls: [],
  drain_stalls: [],
}
const SIZE: PipelineSize = {
  mode: 'none',
  profile: { servers: 1, workers: 1, concurrency: 5, pool: 4, semaphore: 3, redis_connections: 1 },
  isHot: true,
  dbLatency: 0.02,
  redisLatency: 0.005,
  isDraining: false,
  hasGenerator: true,
  machines: { shared: 2 },
}
const rateOf = (size: Partial<PipelineSize>, customers: number) =>
  predictPipeline(FREE, { ...SIZE, ...size }, { customers }, { answers: 4_000 })

describe('predictPipeline where only distances cost time', () => {
  it('lets everybody wait for his own way while there are connections', () => {
    expect(rateOf({}, 3).throughput).toBeCloseTo(3 / 0.02, 0)
    expect(rateOf({}, 3).mean).toBeCloseTo(0.02, 4)
  })

  it('is held by the pool, and that by all processes together', () => {
    expect(rateOf({}, 12).throughput).toBeCloseTo(4 / 0.02, 0)
    const two = { profile: { ...SIZE.profile, servers: 2 } }
    expect(rateOf(two, 20).throughput).toBeCloseTo(8 / 0.02, 0)
  })

  it('makes those wait who share a process with more others', () => {
    const two = { profile: { ...SIZE.profile, servers: 2, pool: 2 } }
    const one = { profile: { ...SIZE.profile, pool: 4 } }
    // Of twelve connections one process gets seven.
    expect(rateOf(two, 12).p99).toBeGreaterThan((7 / 2) * 0.0199)
    expect(rateOf(one, 12).p99).toBeLessThan((12 / 4) * 0.0201)
  })

  it('is held by a semaphore in each process, or by one over all', () => {
    const profile = { ...SIZE.profile, servers: 2, pool: 20 }
    expect(rateOf({ mode: 'in-process', profile }, 20).throughput).toBeCloseTo(6 / 0.02, 0)
    // BEGIN, statement and COMMIT, and the way of the place to the next one.
    const many = rateOf({ mode: 'redis-semaphore', profile, isHot: false }, 20)
    expect(many.throughput).toBeCloseTo(3 / (3 * 0.02 + 0.005), 0)
  })

  it('is held by the row that stays locked until the commit has come', () => {
    const profile = { ...SIZE.profile, pool: 20, semaphore: 10, redis_connections: 1 }
    expect(rateOf({ mode: 'redis-semaphore', profile }, 20).throughput).toBeCloseTo(1 / 0.02, 0)
  })

  it('asks a bucket only for Redis', () => {
    expect(rateOf({ mode: 'token-bucket' }, 10).throughput).toBeCloseTo(10 / 0.005, -1)
  })
})

describe('predictPipeline where CPU costs time', () => {
  const cpu: PipelineDemands = {
    ...FREE,
    levels: [1, 10_000].map((rate) => ({
      rate,
      accept: { ...NOTHING, server: 0.0002, postgres: 0.0038 },
      drain: { ...NO_DRAIN, worker: 0.002, postgres: 0.002 },
    })),
    alone: Array(20).fill(0.0045),
  }
  const near = { ...SIZE, dbLatency: 0, isHot: false, profile: { ...SIZE.profile, pool: 50 } }

  it('is held by the cores of the machine', () => {
    const full = predictPipeline(cpu, near, { customers: 50 }, { answers: 4_000 })
    // Who holds the thread waits for a core with it, so that a little is lost.
    expect(full.throughput / (2 / 0.004)).toBeGreaterThan(0.95)
    expect(full.throughput / (2 / 0.004)).toBeLessThanOrEqual(1.01)
    expect(full.use.find(({ station }) => station === 'cores')?.share).toBeGreaterThan(0.95)
  })

  it('pays for what is done behind the answer with the same cores', () => {
    const draining = predictPipeline(cpu, { ...near, isDraining: true }, { ratePerSecond: 100 }, { answers: 4_000 })
    expect(draining.use.find(({ station }) => station === 'cores')?.share).toBeCloseTo((100 * 0.008) / 2, 1)
    expect(draining.completed).toBeGreaterThan(90)
    const alone = predictPipeline(cpu, near, { ratePerSecond: 100 }, { answers: 4_000 })
    expect(draining.mean).toBeGreaterThan(alone.mean)
  })

  it('answers all who come as long as it can, however many came by chance, and no more than it can', () => {
    for (const seed of [1, 2, 3]) {
      const light = predictPipeline(cpu, near, { ratePerSecond: 30 }, { answers: 2_000, seed })
      expect(light.throughput / 30).toBeCloseTo(1, 2)
    }
    const overloaded = predictPipeline(cpu, near, { ratePerSecond: 1_000 }, { answers: 4_000 })
    expect(overloaded.throughput / (2 / 0.004)).toBeGreaterThan(0.95)
    expect(overloaded.throughput / (2 / 0.004)).toBeLessThan(1.03)
  })

  it('gives parts on machines of their own cores of their own', () => {
    const machines = { instances: 6, postgres: 8, redis: 1 }
    const profile = { ...near.profile, servers: 4 }
    const apart = predictPipeline(cpu, { ...near, machines, profile }, { customers: 50 }, { answers: 4_000 })
    expect(apart.throughput).toBeCloseTo(8 / 0.0038, -3)
    expect(apart.use.map(({ station }) => station)).toContain('cores of postgres')
  })
})

describe('demandsAt', () => {
  const levels = [100, 400].map((rate) => ({
    rate,
    accept: { ...NOTHING, server: rate === 100 ? 0.004 : 0.001 },
    drain: NO_DRAIN,
  }))

  it('draws a straight line through the CPU of all redemptions together', () => {
    // 0.4 cores at both ends, so 0.4 cores between them.
    expect(demandsAt({ levels }, 200).accept.server).toBeCloseTo(0.002, 9)
  })

  it('stays at the nearest measured load outside of them', () => {
    expect(demandsAt({ levels }, 10).accept.server).toBe(0.004)
    expect(demandsAt({ levels }, 5_000).accept.server).toBe(0.001)
  })
})

describe('stallsAt', () => {
  const stalls = [
    { at: 0.2, seconds: 0, hit: 1 },
    { at: 0.8, seconds: 0.006, hit: 0.5 },
  ]

  it('mixes two measured ones, and stays at the nearest outside of them', () => {
    const [idle, busy] = stallsAt(stalls, 0.65)
    expect(idle).toEqual({ share: expect.closeTo(0.25), stall: stalls[0] })
    expect(busy).toEqual({ share: expect.closeTo(0.75), stall: stalls[1] })
    expect(stallsAt(stalls, 0)[0]).toEqual({ share: 1, stall: stalls[0] })
    expect(stallsAt(stalls, 3)[0]).toEqual({ share: 1, stall: stalls[1] })
    expect(stallsAt([], 0.5)).toEqual([])
  })

  it('is waited for with the connection, but for a third', () => {
    const stalled = predictPipeline(
      { ...FREE, stalls: [{ at: 0, seconds: 0.01, hit: 1 }] },
      SIZE,
      { customers: 12 },
      { answers: 4_000 },
    )
    const perSecond = 4 / (0.02 + 0.01 * STALLED.whileHeld)
    expect(stalled.throughput / perSecond).toBeCloseTo(1, 1)
    // All but the four with a connection and those in the rest of their stall stand in line for one.
    expect(stalled.underWay).toBeCloseTo(4 + perSecond * 0.01 * STALLED.besides, 0)
  })

  it('makes the slowest later the fewer it meets, and the mean no longer', () => {
    const [all, few] = [1, 0.25].map((hit) =>
      predictPipeline({ ...FREE, stalls: [{ at: 0, seconds: 0.01, hit }] }, SIZE, { customers: 4 }, { answers: 8_000 }),
    )
    expect((few?.mean ?? 0) / (all?.mean ?? 1)).toBeCloseTo(1, 1)
    // 0.02 s of distance, and what 1 % of sums of two exponential times pass: 2/3 and 1/3 of 0.01 s, or four times that for a
    // quarter of each.
    expect(Math.abs(((all?.p99 ?? 0) - 0.02) / 0.0353 - 1)).toBeLessThan(0.15)
    expect(Math.abs(((few?.p99 ?? 0) - 0.02) / 0.0923 - 1)).toBeLessThan(0.15)
  })
})
