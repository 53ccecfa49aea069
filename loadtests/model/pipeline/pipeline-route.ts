import type { LimiterMode, Profile } from '../../run-file.ts'
import { constant, type Draw, exponential } from '../draws.ts'
import { hold, type Step, serve } from '../route.ts'
import type { Simulation } from '../simulate.ts'
import type { Resource } from '../simulated-resource.ts'
import {
  type AcceptDemand,
  type DrainDemand,
  demandsAt,
  type Level,
  type PipelineDemands,
  type StallMix,
  sumOfDemands,
} from './pipeline-demands.ts'

/** One size of the reference system, and how far away its stores are. Times are seconds. */
export interface PipelineSize {
  readonly mode: LimiterMode
  readonly profile: Profile
  /** Everybody redeems one code, whose row is locked in the modes without a bucket. */
  readonly isHot: boolean
  readonly dbLatency: number
  readonly redisLatency: number
  /** What follows the answer is done at the same time. */
  readonly isDraining: boolean
  /** The load is made by the same machine. */
  readonly hasGenerator: boolean
  readonly machines: Machines
}

/** Cores: one machine for all, or some for each part. */
export type Machines =
  | { readonly shared: number }
  | { readonly servers: number; readonly workers: number; readonly postgres: number; readonly redis: number }

/** CPU of one redemption, and what it takes beyond that. */
interface Costs extends AcceptDemand {
  readonly rest: Draw
  /** While a connection is held. */
  readonly stall: StallMix
}

/** Parts of the server's CPU: before it asks a store, as it does, as it hears the answer; the rest is its own answer. */
const SERVER_PARTS = { before: 0.4, asking: 0.15, hearing: 0.25, answering: 0.2 } as const
/** The part of the statement's CPU that falls into the row's lock: the update of the row and the commit. */
const LOCKED_PART = 0.4
/** Trips of one transaction: BEGIN and COMMIT are small. */
const TRIP_PARTS = { begin: 0.1, statement: 0.7, commit: 0.2 } as const

/**
 * Resources and steps of the reference pipeline at one rate, for simulate().
 * @param stall what a redemption waits for what is no step here
 */
export function pipelineRoute(
  demands: PipelineDemands,
  size: PipelineSize,
  rate: number,
  stall: StallMix,
): Pick<Simulation, 'resources' | 'route' | 'homes'> {
  const { accept, drain } = demandsOfSize(demands, size.profile, rate)
  const { costs, behind } = costsOf(demands, size, accept, stall)
  const steps = createSteps(size)
  const { asked, granted } = storeSteps(steps, size, costs)
  return {
    resources: resourcesOf(size),
    homes: size.profile.servers,
    route: [
      ...steps.generator(costs.generator / 2),
      ...steps.server(SERVER_PARTS.before * costs.server),
      ...asked,
      ...steps.server(SERVER_PARTS.answering * costs.server),
      ...steps.generator(costs.generator / 2),
      { do: 'spend', time: costs.rest },
      { do: 'answer' },
      ...granted,
      ...steps.cpuOfServers(behind),
      ...(size.isDraining ? drainSteps(steps, drain) : []),
    ],
  }
}

/** A process that has half of the rate pays for each redemption what it pays at half of the rate. */
export function demandsOfSize(
  demands: PipelineDemands,
  { servers, workers }: Pick<Profile, 'servers' | 'workers'>,
  rate: number,
): Pick<Level, 'accept' | 'drain'> {
  const { accept, drain } = demandsAt(demands, rate)
  return {
    accept: { ...accept, server: demandsAt(demands, rate / servers).accept.server },
    drain: { ...drain, worker: demandsAt(demands, rate / workers).drain.worker },
  }
}

/**
 * Of the time that a single connection waits, CPU is a part. It may be counted higher than that where some of it falls
 * behind the answer; then the answer waits for a share of it. What is left over shrinks as the CPU of a redemption does.
 */
function costsOf(
  demands: PipelineDemands,
  size: PipelineSize,
  accept: AcceptDemand,
  stall: StallMix,
): { costs: Costs; behind: number } {
  const { alone } = demands
  const first = demands.levels[0]
  const light = sumOfDemands(first?.accept ?? accept)
  const median = alone[Math.floor(alone.length / 2)] ?? 0
  const scale = Math.min(1, (0.95 * median) / light)
  const shrink = sumOfDemands(accept) / light
  const scaled = Object.fromEntries(Object.entries(accept).map(([kind, cpu]) => [kind, scale * cpu])) as AcceptDemand
  const rest: Draw = (random) =>
    Math.max(0, shrink * ((alone[Math.floor(random() * alone.length)] ?? 0) - scale * light))
  const costs = { ...scaled, generator: size.hasGenerator ? scaled.generator : 0, rest, stall }
  return { costs, behind: (1 - scale) * (sumOfDemands(accept) - (size.hasGenerator ? 0 : accept.generator)) }
}

function resourcesOf({ mode, profile, machines }: PipelineSize): Resource[] {
  const { workers, concurrency, pool, semaphore } = profile
  const hasPlaces = mode === 'in-process' || mode === 'redis-semaphore'
  const cores =
    'shared' in machines
      ? [{ name: 'cores', units: machines.shared }]
      : Object.entries(machines).map(([part, units]) => ({ name: `cores of ${part}`, units }))
  return [
    ...cores,
    { name: 'generator', units: 1 },
    { name: 'server', units: 1, isPerHome: true },
    { name: 'semaphore', units: hasPlaces ? semaphore : Number.POSITIVE_INFINITY, isPerHome: mode === 'in-process' },
    { name: 'pool', units: pool, isPerHome: true },
    { name: 'row lock', units: 1 },
    { name: 'redis', units: 1 },
    { name: 'delay proxy', units: 1 },
    { name: 'scheduler', units: 1 },
    { name: 'worker', units: workers },
    { name: 'jobs', units: workers * concurrency },
  ]
}

type Part = 'servers' | 'workers' | 'postgres' | 'redis'

/** Steps that take CPU where it is. */
function createSteps({ machines }: PipelineSize) {
  const coresOf = (part: Part) => ('shared' in machines ? 'cores' : `cores of ${part}`)
  const cpu = (part: Part) => (seconds: number) => (seconds > 0 ? serve(coresOf(part), constant(seconds)) : [])
  /** A process has one thread. */
  const thread = (name: string, part: Part) => (seconds: number) =>
    seconds > 0 ? hold(name, serve(coresOf(part), constant(seconds))) : []
  return {
    generator: thread('generator', 'servers'),
    server: thread('server', 'servers'),
    cpuOfServers: cpu('servers'),
    proxy: thread('delay proxy', 'servers'),
    redis: thread('redis', 'redis'),
    postgres: cpu('postgres'),
    scheduler: thread('scheduler', 'workers'),
    worker: thread('worker', 'workers'),
    cpuOfWorkers: cpu('workers'),
  }
}
type Steps = ReturnType<typeof createSteps>

/** What the stores are asked before the answer, and what still goes on behind it. */
function storeSteps(steps: Steps, size: PipelineSize, costs: Costs): { asked: Step[]; granted: Step[] } {
  const take: Step = { do: 'take', resource: 'semaphore' }
  const give: Step = { do: 'give back', resource: 'semaphore' }
  const { asking, hearing } = SERVER_PARTS
  const asServer = (work: readonly Step[]) => [
    ...steps.server(asking * costs.server),
    ...work,
    ...stalled(costs.stall),
    ...steps.server(hearing * costs.server),
  ]
  const statement = asServer(
    roundTrip(steps, size.dbLatency, costs.delay_proxy, execution(steps, costs.postgres, size.isHot)),
  )
  switch (size.mode) {
    case 'token-bucket':
      return {
        asked: asServer(roundTrip(steps, size.redisLatency, costs.delay_proxy, steps.redis(costs.redis))),
        granted: [],
      }
    case 'none':
      return { asked: hold('pool', statement), granted: [] }
    case 'in-process':
      return { asked: [take, ...hold('pool', statement), give], granted: [] }
    case 'redis-semaphore':
      return {
        asked: [
          ...steps.server((asking / 2) * costs.server),
          ...roundTrip(steps, size.redisLatency, costs.delay_proxy / 4, steps.redis(costs.redis / 2)),
          take,
          ...hold('pool', transaction(steps, size, costs)),
        ],
        // Somebody else has the place when Redis has heard of it, and his process after that.
        granted: [...pause(size.redisLatency), ...steps.redis(costs.redis / 2), give],
      }
  }
}

/** One statement that is its own transaction: the row is locked at its end. */
function execution(steps: Steps, postgres: number, isHot: boolean): Step[] {
  if (!isHot) return steps.postgres(postgres)
  return [...steps.postgres((1 - LOCKED_PART) * postgres), ...hold('row lock', steps.postgres(LOCKED_PART * postgres))]
}

/** BEGIN, the statement, COMMIT: the row stays locked from the second to the third. */
function transaction(steps: Steps, { dbLatency, isHot }: PipelineSize, costs: Costs): Step[] {
  const half = pause(dbLatency / 2)
  const proxy = steps.proxy(dbLatency > 0 ? costs.delay_proxy / 4 : 0)
  const server = steps.server((SERVER_PARTS.hearing / 3 + SERVER_PARTS.asking / 6) * costs.server)
  // The process may be late to hear each of the three.
  const stall = stalled(costs.stall, 3)
  const { begin, statement, commit } = TRIP_PARTS
  const untilCommit = [
    ...steps.postgres(LOCKED_PART * statement * costs.postgres),
    ...half,
    ...stall,
    ...server,
    ...proxy,
    ...half,
    ...steps.postgres(commit * costs.postgres),
  ]
  return [
    ...proxy,
    ...half,
    ...steps.postgres(begin * costs.postgres),
    ...half,
    ...stall,
    ...server,
    ...proxy,
    ...half,
    ...steps.postgres((1 - LOCKED_PART) * statement * costs.postgres),
    ...(isHot ? hold('row lock', untilCommit) : untilCommit),
    ...half,
    ...stall,
    ...server,
  ]
}

function roundTrip(steps: Steps, latency: number, proxy: number, work: readonly Step[]): Step[] {
  const half = pause(latency / 2)
  return [...steps.proxy(latency > 0 ? proxy : 0), ...half, ...work, ...half]
}

/** Most are short and a few are long. */
function stalled(mix: StallMix, times = 1): Step[] {
  const [first, second] = mix.map(({ seconds }) => exponential(seconds / times))
  if (first === undefined || mix.every(({ seconds }) => seconds === 0)) return []
  return [
    { do: 'spend', time: (random) => (random() < (mix[0]?.share ?? 1) ? first(random) : (second ?? first)(random)) },
  ]
}

function pause(seconds: number): Step[] {
  return seconds > 0 ? [{ do: 'spend', time: constant(seconds) }] : []
}

function drainSteps(steps: Steps, drain: DrainDemand): Step[] {
  return [
    ...steps.scheduler(drain.scheduler),
    ...hold('jobs', [
      ...steps.worker(drain.worker / 2),
      ...steps.postgres(drain.postgres),
      ...steps.redis(drain.redis),
      ...steps.cpuOfWorkers(drain.mail_sink),
      ...steps.worker(drain.worker / 2),
    ]),
    ...steps.cpuOfServers(drain.server),
  ]
}
