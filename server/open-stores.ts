import type { Logger } from 'pino'
import type { Closers } from './closers.ts'
import type { ServerConfig } from './config.ts'
import { createDatabase, type Database } from './db/database.ts'
import { joinSystem, type Membership } from './join-system.ts'
import { enterMode } from './limiters/enter-mode.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import { exposePools } from './metrics/pool-gauges.ts'
import { type ConnectOptions, connectRedis, type RedisClient } from './redis/connect.ts'
import { createKeys, type Keys } from './redis/keys.ts'
import { type Lanes, openLanes, spreadOver } from './redis/lanes.ts'
import { type RunId, trackRunId } from './redis/run-id.ts'
import type { Breaker } from './resilience/breaker.ts'
import { createRedisBreaker } from './resilience/redis-breaker.ts'

const REDIS_READY_MS = 10_000

/** What a server process keeps its state in, and how it is watched. */
export interface ServerStores {
  readonly metrics: Metrics
  readonly db: Database
  readonly redis: RedisClient
  readonly connection: ConnectOptions
  readonly runId: RunId
  /** What the limiter's commands are spread over; `redis` is one of them. */
  readonly lanes: Lanes
  readonly keys: Keys
  readonly breaker: Breaker
  /** Since when the limiter mode was entered. */
  readonly generation: () => string
  readonly membership: Membership
}

/** Connects to the stores and joins the system. @throws when one of them cannot be reached, or it would be too much for Postgres */
export async function openStores(config: ServerConfig, logger: Logger, closers: Closers): Promise<ServerStores> {
  const metrics = createMetrics()
  const db = openDatabase(config, logger, metrics)
  closers.add(() => db.close())
  const connection = {
    url: config.REDIS_URL,
    cause: 'request',
    metrics,
    onError: (error: Error) => {
      metrics.errors.inc({ error_type: 'redis_error' })
      logger.warn({ err: error }, 'redis connection')
    },
  } as const
  const redis = connectRedis(connection)
  closers.add(() => redis.disconnect())
  const keys = createKeys(config.REDIS_KEY_PREFIX, config.LEDGER_SHARDS)
  const runId = trackRunId(redis)
  const others = openLanes(config.REDIS_CONNECTIONS - 1, connection)
  for (const lane of others) closers.add(() => lane.redis.disconnect())
  await Promise.all([
    reach('Postgres', db.sequelize.authenticate({ logging: false })),
    ...[{ runId }, ...others].map((lane) => reach('Redis', lane.runId.known(REDIS_READY_MS))),
  ])
  const breaker = createRedisBreaker()
  const lanes = spreadOver({ redis, runId }, others)
  const stores = { metrics, db, redis, connection, runId, lanes, keys, breaker }
  const poolMax = config.DB_POOL_MAX
  const membership = await joinSystem({ ...stores, config, kind: 'server', poolMax, breakers: [breaker] })
  closers.add(() => membership.close())
  // Only now: a server that is refused must not end the buckets of those that serve.
  const generation = await enterMode(redis, keys, config.LIMITER_MODE)
  return { ...stores, generation: () => generation, membership }
}

function openDatabase(config: ServerConfig, logger: Logger, metrics: Metrics): Database {
  const db = createDatabase({
    url: config.DATABASE_URL,
    replica: { url: config.DATABASE_READ_URL, logger },
    poolMax: config.DB_POOL_MAX,
    acquireMs: config.DB_POOL_ACQUIRE_MS,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    plans: 'by index',
    cause: 'request',
    metrics,
    slowQueries: { afterMs: config.SLOW_QUERY_MS, logger },
  })
  exposePools(metrics, db, config.DB_POOL_MAX)
  return db
}

async function reach(store: string, attempt: Promise<unknown>): Promise<void> {
  await attempt.catch((cause: Error) => {
    throw new Error(`${store} cannot be reached: ${cause.message}`, { cause })
  })
}
