import { describe, expect, it } from 'vitest'
import { exampleHistogram, exampleRun } from '../analysis/example-run.ts'
import type { PipelineSize } from '../model/pipeline/pipeline-size.ts'
import type { Trial } from '../run-file.ts'
import { basisPoints } from './basis-of-run.ts'
import { exampleBasis } from './example-basis.ts'
import { bandwidthOf, memoryOf } from './footprint.ts'
import { foretell, MODEL_ERROR, noiseOf, type Rounds } from './foretell.ts'
import { judgeCandidate } from './judge-candidate.ts'
import { makePlanFile } from './make-plan-file.ts'
import { planFileSchema } from './plan-file.ts'
import { describeRecord } from './plan-record.ts'
import { AS_MEASURED, type PlanRequest } from './plan-request.ts'
import { renderPlan } from './render-plan.ts'

const MB = 2 ** 20
const BASIS = exampleBasis()
const REQUEST: PlanRequest = {
  users: 3_000,
  think: 10,
  p99: 0.2,
  mode: 'token-bucket',
  isHot: true,
  dbLatency: 0,
  redisLatency: 0,
  machine: { cores: 4, memoryBytes: 4_096 * MB, megabitsPerSecond: 100 },
  whatIf: AS_MEASURED,
}
const planFor = (changes: Partial<PlanRequest>) => makePlanFile({ ...REQUEST, ...changes }, BASIS).file

describe('a plan', () => {
  const plan = planFor({})

  it('recommends the cheapest profile that meets the target, and says why no smaller one does', () => {
    expect(planFileSchema.parse(plan)).toEqual(plan)
    expect(plan.recommended?.blocked).toEqual([])
    // 300 per second × 2 ms are 0.6 of a worker: one is enough.
    expect(plan.recommended?.profile).toMatchObject({ servers: 1, workers: 1 })
    expect(plan.recommended?.rate).toBeCloseTo(300, -1)
    expect(plan.recommended?.p99.value).toBeLessThan(0.2)
    for (const { blocked, memory_bytes } of plan.smaller) {
      expect(blocked.length).toBeGreaterThan(0)
      expect(memory_bytes).toBeLessThanOrEqual(plan.recommended?.memory_bytes ?? 0)
    }
  })

  it('says what breaks first when more come, and how much more that is', () => {
    expect(plan.growth.map(({ more }) => more)).toEqual([0.2, 0.5, 1])
    // Twice 0.6 of a worker.
    expect(plan.growth[2]?.breaks).toContain('worker')
    expect(plan.headroom).toBeGreaterThan(1.2)
    expect(plan.headroom).toBeLessThan(2)
    expect(plan.headroom_breaks).toContain('worker')
    expect(renderPlan(plan, '')).toMatch(/more than 1\.\d+ × +worker/)
    // The most that was measured is 500 per second.
    expect(plan.trusted_users).toBe(1.5 * 500 * REQUEST.think)
    const far = planFor({ users: 6_000, machine: { ...REQUEST.machine, cores: 16 } })
    expect(renderPlan(far, '')).toMatch(/\+20 % .*\n +\+50 % .*\(EXTRAPOLATED\)/)
  })

  it('needs more processes for more users', () => {
    const { recommended, smaller } = planFor({ users: 5_500 })
    expect(recommended?.profile.workers).toBe(2)
    expect(smaller.some(({ profile, blocked }) => profile.workers === 1 && blocked[0]?.startsWith('worker'))).toBe(true)
  })

  it('counts memory and bandwidth as well', () => {
    const small = planFor({ machine: { ...REQUEST.machine, megabitsPerSecond: 1 } })
    expect(small.recommended).toBeNull()
    expect(small.smaller[0]?.blocked).toEqual([expect.stringMatching(/^bandwidth: 2\.\d+ of 1\.00 Mbit\/s$/)])
    expect(planFor({ machine: { ...REQUEST.machine, memoryBytes: 100 * MB } }).smaller[0]?.blocked[0]).toContain(
      'memory',
    )
  })

  it('goes on to larger profiles only where one of them may do', () => {
    const profile = { servers: 1, workers: 1, concurrency: 20, pool: 20, semaphore: 10, redis_connections: 1 }
    const isWalled = (changes: Partial<PlanRequest>) =>
      judgeCandidate({ ...REQUEST, ...changes }, BASIS, profile).isWalled
    expect(isWalled({})).toBe(false)
    expect(isWalled({ machine: { ...REQUEST.machine, megabitsPerSecond: 1 } })).toBe(true)
    // Nobody answers sooner than without any line.
    expect(isWalled({ p99: 0.001 })).toBe(true)
    // Another worker mends this.
    expect(isWalled({ users: 5_500 })).toBe(false)
  })

  it('names the nearest profile where none meets the target, and goes on past one machine', () => {
    const plan = planFor({ users: 500_000 })
    expect(plan.recommended).toBeNull()
    expect(plan.fleet?.parts.map(({ part }) => part)).toEqual(
      expect.arrayContaining([
        'machines for servers',
        'machines for workers',
        'nodes of a Redis Cluster',
        'pods of k6',
      ]),
    )
    expect(plan.fleet?.walls).toEqual([expect.stringContaining("one code's bucket lives on one Redis thread")])
    const text = renderPlan(plan, 'a record')
    expect(text).toContain('no profile of this machine does. nearest: ')
    expect(text).toContain('This rests on:')
    expect(planFor({ users: 500_000, isHot: false }).fleet?.walls).toEqual([])
  })

  it('says loudly that it goes beyond what was measured', () => {
    // The most that was measured is 500 per second.
    const extrapolated = (file: typeof plan) => file.warnings.filter((line) => line.startsWith('EXTRAPOLATED'))
    expect(extrapolated(planFor({ users: 7_400 }))).toEqual([])
    const far = planFor({ users: 8_000 })
    expect(extrapolated(far)).toEqual([
      expect.stringMatching(/^EXTRAPOLATED: 800 .* are 1\.60 × the most that was measured \(500\)/),
    ])
    expect(renderPlan(far, '')).toContain('\n! EXTRAPOLATED')
  })

  it('adds the way to another region, and says what stays global', () => {
    const whatIf = { ...AS_MEASURED, regions: 3, regionRoundTrip: 0.08 }
    const p99 = (file: typeof plan) => file.recommended?.p99.value ?? 0
    expect(p99(planFor({ whatIf })) - p99(plan)).toBeCloseTo(0.08, 6)
    expect(planFor({ whatIf, p99: 0.05 }).recommended).toBeNull()
    expect(planFor({ whatIf }).fleet?.assumptions.join('\n')).toContain('3 regions: the uses of one code stay global')
  })

  it('spreads many codes over the nodes of a Redis Cluster, and never one', () => {
    const use = (changes: Partial<PlanRequest>) =>
      planFor(changes).recommended?.use.find(({ station }) => station === 'redis')?.share ?? 0
    const whatIf = { ...AS_MEASURED, redisNodes: 3 }
    expect(use({ whatIf, isHot: false }) / use({ isHot: false })).toBeCloseTo(1 / 3, 2)
    expect(use({ whatIf })).toBeCloseTo(use({}), 6)
  })

  it('tells what a replica would change: nothing that is foretold here', () => {
    const { fleet } = planFor({ whatIf: { ...AS_MEASURED, hasReplica: true } })
    expect(fleet?.assumptions.join()).toContain('a replica takes reads of statuses off Postgres')
  })

  it('warns where the interval reaches beyond the target', () => {
    const p99 = (plan.recommended?.p99.value ?? 0) * 1.01
    expect(planFor({ p99 }).warnings).toContainEqual(expect.stringMatching(/^the interval of the p99 reaches to /))
  })

  it('asks what if Postgres were faster', () => {
    const use = (file: typeof plan) => file.recommended?.use.find(({ station }) => station === 'cores')?.share ?? 0
    const faster = planFor({ whatIf: { ...AS_MEASURED, postgresSpeed: 3 } })
    // A third of 1.5 ms at 300 per second on four cores: 7.5 % less.
    expect(use(plan) - use(faster)).toBeCloseTo(0.075, 1)
  })

  it('reads as text', () => {
    const text = renderPlan(plan, 'nothing')
    expect(text).toMatch(
      /3,000 users who think 10 s, p99 < 200 ms, mode token-bucket: 1 server, 1 × \d+ worker, pool \d+/,
    )
    expect(text).toMatch(/^→ +1 server/m)
    expect(text).toMatch(/worker │█+·+ +0\.\d+ of 1 threads \(\d+ %\)/)
    expect(text).toContain('p99 in ms over users   · model  ░ its interval  ┊ asked for')
    expect(plan.curve.map(({ users }) => users)).toContain(3_000)
    expect(text).toMatch(/\+100 % +worker: /)
  })
})

describe('foretell', () => {
  const { demands } = BASIS
  const profile = { servers: 1, workers: 1, concurrency: 20, pool: 20, semaphore: 10, redis_connections: 1 }
  const common = { mode: 'token-bucket', profile, isHot: true, dbLatency: 0, isDraining: false } as const
  const sizeAt = (redisLatency: number): PipelineSize => ({
    ...common,
    redisLatency,
    hasGenerator: true,
    machines: { shared: 4 },
  })
  const intervalOf = (redisLatency: number, rounds: Rounds, freedom = 1_000_000, uses = [0.5]) => {
    const noise = uses.map((use) => ({ use, mean: 0.2, p99: 0.2, freedom }))
    const { figures } = foretell({ demands, size: sizeAt(redisLatency), load: { customers: 2 } }, noise, rounds, 2_000)
    return Math.log(figures.mean.high / figures.mean.value)
  }

  it('is wider the more a figure depends on the speed of a machine that changes', () => {
    const rounds = { calibration: 1, measured: 1 }
    // 3 of 3 ms, or 3 of 103, depend on it; the rest is the model's own error.
    const { ofAll, ofSpeed } = MODEL_ERROR
    const wanted = (part: number, wide = 1.645, spread = Math.SQRT2) =>
      Math.hypot(part * wide * 0.2 * spread, 1.645 * part * ofSpeed, 1.645 * ofAll)
    expect(intervalOf(0, rounds)).toBeCloseTo(wanted(1), 1)
    expect(intervalOf(0.1, rounds)).toBeCloseTo(wanted(3 / 103), 2)
    expect(intervalOf(0, { calibration: 100, measured: 100 })).toBeCloseTo(wanted(1, 1.645, Math.SQRT2 / 10), 1)
    // With three degrees of freedom 95 % lie below 2.353 instead of 1.645 deviations.
    expect(intervalOf(0, rounds, 3) / intervalOf(0, rounds)).toBeCloseTo(wanted(1, 2.353) / wanted(1), 2)
    // Between two levels it is as sure as both together: with six degrees below 1.943.
    const between = intervalOf(0, rounds, 3, [0, 1]) / intervalOf(0, rounds)
    expect(between).toBeGreaterThan(wanted(1, 1.9) / wanted(1))
    expect(between).toBeLessThan(wanted(1, 2.3) / wanted(1))
  })

  it('has the noise of what an answer takes beyond the delays', () => {
    const [point] = basisPoints('token-bucket', { codes: 1, db_latency_ms: 0, redis_latency_ms: 10 }, 10)
    if (point === undefined) throw new Error('a basis has points')
    const [example] = exampleRun({ rounds: 1, modes: ['none'] }).trials
    const trialOf = (ms: number) => {
      const load = { ...example?.loads[0], steady: null, histogram: exampleHistogram(Array(400).fill(ms)) }
      return { ...example, loads: [load] } as Trial
    }
    // 2 and 4 ms beyond 10: ln(2/3) and ln(4/3) from the middle, with one degree of freedom.
    const wanted = Math.hypot(Math.log(2 / 3), Math.log(4 / 3))
    expect(noiseOf([{ point, trials: [trialOf(12), trialOf(14)] }], 2)[0]?.mean).toBeCloseTo(wanted, 1)
    expect(noiseOf([{ point, trials: [trialOf(12)] }], 2)[0]?.mean).toBe(0)
  })
})

describe('the footprint', () => {
  it('grows with processes and connections', () => {
    const profile = { servers: 2, workers: 3, concurrency: 5, pool: 20, semaphore: 10, redis_connections: 1 }
    expect(memoryOf(BASIS.footprint, profile) / MB).toBeCloseTo(2 * 100 + 3 * 90 + 80 + 2 * 200 + 20)
    expect(bandwidthOf(BASIS.footprint, 1_000)).toBeCloseTo(7.2)
  })
})

describe('the record', () => {
  it('tells the median error, and how many intervals held', () => {
    expect(describeRecord({ schema: 1, plans: [] })).toContain('no plan was verified')
    const one = (mean: number, held: boolean) => ({
      at: '2026-01-02T03:04:05.000Z',
      run_id: 'x',
      mode: 'none' as const,
      profile: { servers: 1, workers: 1, concurrency: 1, pool: 1, semaphore: 1, redis_connections: 1 },
      rate: 10,
      errors: { throughput: 0.01, mean, p99: -0.2 },
      held: { throughput: true, mean: held, p99: true },
    })
    expect(describeRecord({ schema: 1, plans: [one(-0.1, true), one(0.3, false), one(0.04, true)] })).toBe(
      'median error throughput 1 %, mean 10 %, p99 20 % over 3 plans that were verified; 5 of 6 intervals of mean and p99 held',
    )
  })
})
