import { formatCount, formatNumber, plural } from '../analysis/format.ts'
import { demandsAt, lastOf, type PipelineDemands } from '../model/pipeline/pipeline-demands.ts'
import { bandwidthOf, connectionsOf } from './footprint.ts'
import type { Basis } from './judge-candidate.ts'
import type { PlanRequest } from './plan-request.ts'

/** What carries the load past one machine, and what has to be believed for that. */
export interface Fleet {
  readonly rate: number
  readonly parts: readonly FleetPart[]
  readonly assumptions: readonly string[]
  /** What no number of machines gets past, in words. */
  readonly walls: readonly string[]
}

export interface FleetPart {
  readonly part: string
  readonly count: number
  /** How it is made, with engines that exist. */
  readonly how: string
}

/** Of each core and thread: above that a surge of a few seconds makes a line. */
const USE = 0.6
/** What one Postgres is still bought with; past that it is parted. */
const POSTGRES_CORES = 32
/** A Kubernetes pod of k6 makes so many requests per second with a core of its own. */
const K6_PER_POD = 1_000
/** Postgres connections of each process of a fleet, and how many of all together Postgres is not asked to keep itself. */
const POOL = 5
const MANY_CONNECTIONS = 500
/** Mean CPU of processes that are nearly always busy is that of the busiest load that was measured. */
const BUSY = Number.POSITIVE_INFINITY

/**
 * By the utilisation law: demands of the busiest measured load, each core at most 60 % full. No simulation: between
 * machines the network decides, which was not measured.
 */
export function planFleet(request: PlanRequest, { demands, footprint }: Basis): Fleet {
  const megabits = bandwidthOf(footprint, request.users / request.think)
  const rate = request.users / request.think
  const { accept } = demandsAt(demands, BUSY)
  return {
    rate,
    parts: partsOf(sizeFleet(request, demands, megabits ?? 0), request).filter(({ count }) => count > 0),
    assumptions: assumptionsOf(request, megabits !== null),
    walls: wallsOf(request, rate, accept.redis, lastOf(demands.levels).rate),
  }
}

/** How many of each. */
function sizeFleet({ users, think, machine, whatIf }: PlanRequest, demands: PipelineDemands, megabits: number) {
  const { accept, drain } = demandsAt(demands, BUSY)
  const rate = users / think
  const cores = (seconds: number) => (rate * seconds) / USE
  const atLeast = (count: number) => Math.max(1, Math.ceil(count))
  const servers = atLeast(
    Math.max(cores(accept.server + drain.server) / machine.cores, megabits / USE / machine.megabitsPerSecond),
  )
  const workers = atLeast(cores(drain.worker) / machine.cores)
  const postgresCores = cores((accept.postgres + drain.postgres) / whatIf.postgresSpeed)
  return {
    servers,
    workers,
    postgresCores,
    partitions: atLeast(postgresCores / POSTGRES_CORES),
    redisNodes: atLeast(Math.max(cores(accept.redis + drain.redis), whatIf.redisNodes)),
    schedulers: atLeast(cores(drain.scheduler)),
    connections: connectionsOf({
      servers: servers * machine.cores,
      workers: workers * machine.cores,
      concurrency: 20,
      pool: POOL,
      semaphore: 10,
      redis_connections: 1,
    }),
    k6: atLeast(rate / K6_PER_POD),
  }
}

function partsOf(size: ReturnType<typeof sizeFleet>, { machine, whatIf }: PlanRequest): FleetPart[] {
  const { servers, workers, postgresCores, partitions, redisNodes, schedulers, connections, k6 } = size
  return [
    {
      part: 'machines for servers',
      count: servers,
      how: `${machine.cores} processes each, behind a balancer (nginx, or a Kubernetes Service)`,
    },
    {
      part: 'machines for workers',
      count: workers,
      how: `${machine.cores} processes each; Kubernetes scales them on the age of the oldest invite`,
    },
    {
      part: partitions === 1 ? 'Postgres' : 'Postgres partitions',
      count: partitions,
      how: postgresHow(postgresCores, partitions, whatIf.hasReplica),
    },
    redisNodes === 1
      ? { part: 'Redis', count: 1, how: 'one thread is enough; Sentinel for its failover' }
      : {
          part: 'nodes of a Redis Cluster',
          count: redisNodes,
          how: 'codes are spread over them by the hash tag of their keys',
        },
    {
      part: 'schedulers',
      count: schedulers,
      how: schedulers === 1 ? 'a second one as a spare' : 'one for each share of the streams',
    },
    {
      part: 'PgBouncer',
      count: connections > MANY_CONNECTIONS ? partitions : 0,
      how: `${formatNumber(connections)} connections of ${POOL} each become few hundred`,
    },
    { part: 'pods of k6', count: k6, how: 'k6-operator, parallelism, to try it (compose/kubernetes/k6-testrun.yaml)' },
  ]
}

function postgresHow(cores: number, partitions: number, hasReplica: boolean): string {
  const replica = hasReplica ? ', a replica for reads of statuses (DATABASE_READ_URL)' : ''
  return partitions === 1
    ? `${Math.max(2, Math.ceil(cores))} cores${replica}`
    : `${POSTGRES_CORES} cores each, parted by code: one code has its rows in one of them${replica}`
}

/** What one code, or one row, cannot get past. */
function wallsOf({ mode, isHot }: PlanRequest, rate: number, redis: number, carried: number): string[] {
  if (!isHot) return []
  const perCode = mode === 'token-bucket' ? USE / Math.max(redis, 1e-9) : carried
  const where =
    mode === 'token-bucket'
      ? "one code's bucket lives on one Redis thread"
      : "one code's row is locked by one redemption at a time"
  if (rate <= perCode) return []
  return [
    `${where}, which carries about ${formatNumber(perCode)} per second: ${formatNumber(rate)} per second need ` +
      `${plural(Math.ceil(rate / perCode), 'code')}, or shares of the uses under codes of their own`,
  ]
}

function assumptionsOf({ whatIf, mode, think }: PlanRequest, isWireKnown: boolean): string[] {
  return [
    `each core, thread and line at most ${100 * USE} % full, at the demands of the busiest load that was measured`,
    'that keeps lines short; how long people wait was not foretold past one machine',
    'a core of the fleet is as fast as one of this machine',
    `users come independently of each other, one redemption each ${formatCount(think)} s; a rush at an opening is not that`,
    ...(whatIf.hasReplica
      ? ['only redemptions are counted: a replica takes reads of statuses off Postgres, and changes no figure here']
      : []),
    ...(mode === 'redis-semaphore'
      ? ['all servers share one semaphore: its places, not machines, may be the limit']
      : []),
    ...(whatIf.regions > 1
      ? [
          `${whatIf.regions} regions: the uses of one code stay global, so its bucket and its rows live in one home region; ` +
            `others wait ${formatNumber(1_000 * whatIf.regionRoundTrip)} ms more for it, or get a share of the uses as a code of their own`,
        ]
      : []),
    ...(isWireKnown ? [] : ['bandwidth was not counted']),
    'the network between machines, and failures, are not in the model: verify on the fleet with k6-operator',
  ]
}
