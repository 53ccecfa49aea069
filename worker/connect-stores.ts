import type { Logger } from 'pino'
import type { CommonConfig } from '../server/config.ts'
import { createDatabase, type Database } from '../server/db/database.ts'
import { type Cause, createMetrics, type Metrics } from '../server/metrics/metrics.ts'
import { exposePools } from '../server/metrics/pool-gauges.ts'
import { type InviteQueue, openInviteQueue } from '../server/queue/invite-queue.ts'
import { createRefunds, type Refunds } from '../server/redeem/refunds.ts'
import { createSeatCalculator, type SeatCalculator } from '../server/redeem/seats.ts'
import { type ConnectOptions, connectRedis, type RedisClient } from '../server/redis/connect.ts'
import { createKeys, type Keys } from '../server/redis/keys.ts'
import { type RunId, trackRunId } from '../server/redis/run-id.ts'

const REDIS_READY_MS = 10_000

/** What worker and scheduler have in common. */
export interface Stores {
  readonly db: Database
  readonly redis: RedisClient
  readonly connection: ConnectOptions
  readonly runId: RunId
  readonly keys: Keys
  readonly queue: InviteQueue
  readonly refunds: Refunds
  readonly seats: SeatCalculator
  readonly metrics: Metrics
  readonly logger: Logger
  close(): Promise<void>
}

/** @throws when Postgres or Redis cannot be reached */
export async function connectStores(config: CommonConfig, logger: Logger, cause: Cause): Promise<Stores> {
  const metrics = createMetrics()
  const db = createDatabase({
    url: config.DATABASE_URL,
    poolMax: config.DB_POOL_MAX,
    acquireMs: config.DB_POOL_ACQUIRE_MS,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    plans: 'anew',
    cause,
    metrics,
    slowQueries: { afterMs: config.SLOW_QUERY_MS, logger },
  })
  const connection: ConnectOptions = {
    url: config.REDIS_URL,
    cause,
    metrics,
    onError: (error) => {
      metrics.errors.inc({ error_type: 'redis_error' })
      logger.warn({ err: error }, 'redis connection')
    },
  }
  const redis = connectRedis(connection)
  const keys = createKeys(config.REDIS_KEY_PREFIX, config.LEDGER_SHARDS)
  const runId = trackRunId(redis)
  await Promise.all([runId.known(REDIS_READY_MS), db.sequelize.authenticate({ logging: false })])
  const seats = createSeatCalculator({ db, redis, keys })
  const { queue, close: closeQueue } = await openInviteQueue(keys, connection)
  exposePools(metrics, db, config.DB_POOL_MAX)
  return {
    db,
    redis,
    connection,
    runId,
    keys,
    queue,
    metrics,
    logger,
    seats,
    refunds: createRefunds({ db, redis, runId, keys, seats, metrics, logger }),
    async close() {
      await Promise.allSettled([closeQueue(), db.close()])
      redis.disconnect()
    },
  }
}

/** For what comes after the stores and fails: they are closed before it is told. */
export const closeAfter =
  (stores: Stores) =>
  async (error: unknown): Promise<never> => {
    await stores.close()
    throw error
  }
