import { constant, type Draw, exponential } from '../draws.ts'
import { hold, type Step, serve } from '../route.ts'
import type { AcceptDemand, DrainDemand, StallMix } from './pipeline-demands.ts'
import type { PipelineSize } from './pipeline-size.ts'

/**
 * Parts of a stall: while a connection is held (proxy, store, proxy, the server hears of it), and besides (the server hears of
 * the request, the client of the answer).
 */
export const STALLED = { whileHeld: 4 / 6, besides: 2 / 6 } as const

/** CPU of one redemption, and what it takes beyond that. */
export interface Costs extends AcceptDemand {
  /** While a store answers: a commit waits for the disk, with its row and its connection. */
  readonly rest: Draw
  /** While a connection is held. */
  readonly stall: StallMix
}

/**
 * Parts of the server's CPU: before it asks a store, as it does, as it hears the answer; the rest is its own answer. Only
 * their sum is counted: how it is spread is an assumption, on which depends a little who waits for whom. The same goes for
 * the parts below.
 */
export const SERVER_PARTS = { before: 0.4, asking: 0.15, hearing: 0.25, answering: 0.2 } as const
/** The part of the statement's CPU that falls into the row's lock: the update of the row and the commit. */
const LOCKED_PART = 0.4
/** Trips of one transaction: BEGIN and COMMIT are small. */
const TRIP_PARTS = { begin: 0.1, statement: 0.7, commit: 0.2 } as const

type Part = 'instances' | 'postgres' | 'redis'

/** Steps that take CPU where it is. */
export function createSteps({ machines }: PipelineSize) {
  const coresOf = (part: Part) => ('shared' in machines ? 'cores' : `cores of ${part}`)
  const cpu = (part: Part) => (seconds: number) => (seconds > 0 ? serve(coresOf(part), constant(seconds)) : [])
  /** A process has one thread. */
  const thread = (name: string, part: Part) => (seconds: number) =>
    seconds > 0 ? hold(name, serve(coresOf(part), constant(seconds))) : []
  return {
    generator: thread('generator', 'instances'),
    server: thread('server', 'instances'),
    cpuOfServers: cpu('instances'),
    proxy: thread('delay proxy', 'instances'),
    redis: thread('redis', 'redis'),
    postgres: cpu('postgres'),
    scheduler: thread('scheduler', 'instances'),
    worker: thread('worker', 'instances'),
    cpuOfWorkers: cpu('instances'),
  }
}
type Steps = ReturnType<typeof createSteps>

/** What the stores are asked before the answer, and what still goes on behind it. */
export function storeSteps(steps: Steps, size: PipelineSize, costs: Costs): { asked: Step[]; granted: Step[] } {
  const take: Step = { do: 'take', resource: 'semaphore' }
  const give: Step = { do: 'give back', resource: 'semaphore' }
  const { asking, hearing } = SERVER_PARTS
  const asServer = (work: readonly Step[]) => [
    ...steps.server(asking * costs.server),
    ...work,
    ...stalled(costs.stall, STALLED.whileHeld),
    ...steps.server(hearing * costs.server),
  ]
  const statement = asServer(roundTrip(steps, size.dbLatency, costs.delay_proxy, execution(steps, costs, size.isHot)))
  switch (size.mode) {
    case 'token-bucket':
      return {
        asked: asServer(
          roundTrip(steps, size.redisLatency, costs.delay_proxy, [...steps.redis(costs.redis), spend(costs.rest)]),
        ),
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
function execution(steps: Steps, { postgres, rest }: Costs, isHot: boolean): Step[] {
  const untilCommit = [...steps.postgres(LOCKED_PART * postgres), spend(rest)]
  return [...steps.postgres((1 - LOCKED_PART) * postgres), ...(isHot ? hold('row lock', untilCommit) : untilCommit)]
}

/** BEGIN, the statement, COMMIT: the row stays locked from the second to the third. */
function transaction(steps: Steps, { dbLatency, isHot }: PipelineSize, costs: Costs): Step[] {
  const half = pause(dbLatency / 2)
  const proxy = steps.proxy(dbLatency > 0 ? costs.delay_proxy / 4 : 0)
  const server = steps.server((SERVER_PARTS.hearing / 3 + SERVER_PARTS.asking / 6) * costs.server)
  // The process may be late to hear each of the three.
  const stall = stalled(costs.stall, STALLED.whileHeld / 3)
  const { begin, statement, commit } = TRIP_PARTS
  const untilCommit = [
    ...steps.postgres(LOCKED_PART * statement * costs.postgres),
    ...half,
    ...stall,
    ...server,
    ...proxy,
    ...half,
    ...steps.postgres(commit * costs.postgres),
    spend(costs.rest),
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

/** Most are short and a few are long. @param part of the stall that is waited for here */
export function stalled(mix: StallMix, part: number): Step[] {
  if (mix.every(({ stall }) => stall.seconds === 0)) return []
  const ways = mix.map(({ share, stall: { seconds, hit } }) => ({
    share,
    hit,
    length: exponential((part * seconds) / hit),
  }))
  const time: Draw = (random) => {
    let left = random()
    const way = ways.find(({ share }) => {
      left -= share
      return left < 0
    })
    return way !== undefined && random() < way.hit ? way.length(random) : 0
  }
  return [spend(time)]
}

function pause(seconds: number): Step[] {
  return seconds > 0 ? [spend(constant(seconds))] : []
}

function spend(time: Draw): Step {
  return { do: 'spend', time }
}

export function drainSteps(steps: Steps, drain: DrainDemand): Step[] {
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
