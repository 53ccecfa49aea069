import { Counter, Histogram, Registry } from 'prom-client'
import { currentSampledTraceId } from '../tracing/tracing.ts'
import { createHotCounter } from './hot-counter.ts'
import { createHotHistogram } from './hot-histogram.ts'
import { trackRedisConnections } from './redis-connections.ts'
import { collectRuntime } from './runtime.ts'

/** Why an operation was done: for a person's request, for the ledger, for an invite job, or only to be looked at. */
export type Cause = 'request' | 'ledger' | 'job' | 'background'

/** Every edge that a target or an objective uses is a bucket's edge (seconds). */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const REDIS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3]

/** What `errors_total` tells apart. */
const ERROR_TYPES = [
  'queue_error',
  'redis_error',
  'db_error',
  'mail_error',
  'ledger_error',
  'job_error',
  'replica_error',
  'ip_limit_skipped',
  'unavailable',
  'internal_error',
] as const

/** The counters, gauges and histograms of one process. Their names are an interface (dashboards, alerts, harness). */
export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectRuntime(registry)
  return {
    registry,
    redeemRequests: createHotCounter({
      name: 'redeem_requests_total',
      help: 'Answers of the redeem endpoints',
      labelNames: ['endpoint', 'mode', 'status'] as const,
      registers,
    }),
    redeemDuration: createHotHistogram({
      name: 'redeem_request_duration_seconds',
      help: 'Time from the parsed request to its answer',
      labelNames: ['endpoint', 'mode'] as const,
      buckets: SECONDS,
      findTraceId: currentSampledTraceId,
      registers,
    }),
    redisCommands: createHotCounter({
      name: 'redis_commands_total',
      help: 'Commands sent to Redis, by what caused them (a script counts as one)',
      labelNames: ['cause'] as const,
      registers,
    }),
    redisRoundTrips: createHotCounter({
      name: 'redis_round_trips_total',
      help: 'Round trips to Redis (a pipeline or transaction counts as one)',
      labelNames: ['cause'] as const,
      registers,
    }),
    sqlStatements: createHotCounter({
      name: 'sql_statements_total',
      help: 'Statements sent to Postgres, BEGIN and COMMIT not counted',
      labelNames: ['cause'] as const,
      registers,
    }),
    queryDuration: createHotHistogram({
      name: 'db_query_duration_seconds',
      help: 'Time of a statement from sending it to its answer',
      labelNames: ['statement'] as const,
      buckets: SECONDS,
      registers,
    }),
    slowQueries: new Counter({
      name: 'db_slow_queries_total',
      help: 'Statements that took longer than SLOW_QUERY_MS',
      labelNames: ['statement'] as const,
      registers,
    }),
    poolWait: createHotHistogram({
      name: 'db_pool_wait_seconds',
      help: 'Time waited for a pooled connection',
      buckets: SECONDS,
      registers,
    }),
    poolHold: createHotHistogram({
      name: 'db_pool_hold_seconds',
      help: 'Time that a pooled connection was held, from getting it to giving it back',
      buckets: SECONDS,
      registers,
    }),
    redisDuration: createHotHistogram({
      name: 'redis_command_duration_seconds',
      help: 'Time of a command from giving it to the client to its answer; blocking reads wait for what they read',
      labelNames: ['command'] as const,
      buckets: REDIS_SECONDS,
      registers,
    }),
    redisConnections: trackRedisConnections(registry),
    limiterWait: createHotHistogram({
      name: 'limiter_wait_seconds',
      help: 'Time until the limiter let a redemption in: the line of a semaphore, the answer of the bucket',
      labelNames: ['mode'] as const,
      buckets: SECONDS,
      registers,
    }),
    errors: createErrors(registers),
    retries: new Counter({ name: 'retries_total', help: 'Invite jobs tried again', registers }),
    refunds: new Counter({
      name: 'refunds_total',
      help: 'Uses given back, by reason',
      labelNames: ['reason'] as const,
      registers,
    }),
    roomRequests: new Counter({
      name: 'waiting_room_requests_total',
      help: 'Answers of the waiting room, by status',
      labelNames: ['endpoint', 'status'] as const,
      registers,
    }),
    roomDuration: new Histogram({
      name: 'waiting_room_request_duration_seconds',
      help: 'Time of a request to the waiting room',
      labelNames: ['endpoint'] as const,
      buckets: SECONDS,
      registers,
    }),
    roomEntered: new Counter({
      name: 'waiting_room_entered_total',
      help: 'People who entered a waiting room; one who comes again is not counted again',
      registers,
    }),
    jobDuration: new Histogram({
      name: 'queue_job_duration_seconds',
      help: 'Time of one run of a job, failed ones too',
      labelNames: ['queue', 'job'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers,
    }),
    expiredCleanups: new Counter({
      name: 'expired_user_cleanup_total',
      help: 'Memberships whose time had passed, ended by the job expire-members',
      registers,
    }),
    endToEnd: new Histogram({
      name: 'invite_end_to_end_seconds',
      help: 'Time from the acceptance to the mail handed over',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900],
      registers,
    }),
  }
}

function createErrors(registers: Registry[]) {
  const errors = new Counter({
    name: 'errors_total',
    help: 'Failures by the part that failed; unavailable and internal_error: answers with 503 and 500',
    labelNames: ['error_type'] as const,
    registers,
  })
  // A series that begins with its first error hides that error from every rate.
  for (const type of ERROR_TYPES) errors.inc({ error_type: type }, 0)
  return errors
}
