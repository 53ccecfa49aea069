import type { Logger } from 'pino'
import { type AppParts, createApp } from './app.ts'
import { type Closers, createClosers } from './closers.ts'
import type { ServerConfig } from './config.ts'
import { createDatabase } from './db/database.ts'
import { joinSystem } from './join-system.ts'
import { createBuckets } from './limiters/buckets.ts'
import { createLimiter } from './limiters/create-limiter.ts'
import { enterMode } from './limiters/enter-mode.ts'
import { createSlidingWindow } from './limiters/sliding-window.ts'
import { closeServer, listen } from './listen.ts'
import { gaugeFrom } from './metrics/gauge-from.ts'
import { createMetrics } from './metrics/metrics.ts'
import { createIpLimit } from './middleware/ip-limit.ts'
import { createFindStatus } from './redeem/find-status.ts'
import { createIdempotentRedeem } from './redeem/idempotency.ts'
import { createRebindSeat } from './redeem/rebind-seat.ts'
import { createRedeemCode } from './redeem/redeem-code.ts'
import { createRedeemWithPass } from './redeem/redeem-with-pass.ts'
import { createUseLedger } from './redeem/reserve-use.ts'
import { createSeatCalculator } from './redeem/seats.ts'
import { createStatusWatcher } from './redeem/watch-status.ts'
import { checkRedis, connectRedis, connectSubscriber, type RedisClient } from './redis/connect.ts'
import { createKeys, type Keys } from './redis/keys.ts'
import { trackRunId } from './redis/run-id.ts'
import type { Breaker } from './resilience/breaker.ts'
import { createRedisBreaker } from './resilience/redis-breaker.ts'
import { createAdminApi } from './routes/admin/create-admin-api.ts'
import { ADMIN_PATH } from './routes/admin/fields.ts'
import { createBucketRoutes } from './routes/buckets.ts'
import { QUEUE_ROUTES } from './routes/describe-queue.ts'
import { createDocsRoutes } from './routes/docs.ts'
import { createOperations } from './routes/operations.ts'
import { PUBLIC_ROUTES } from './routes/public-routes.ts'
import { addQueueRoutes } from './routes/queue.ts'
import { addRebindRoute } from './routes/rebind.ts'
import { addRedeemRoutes } from './routes/redeem.ts'
import { addStatusRoutes } from './routes/status.ts'
import { VERSION } from './version.ts'
import { invalidateActivity } from './waiting-room/activity-copies.ts'
import { openRooms } from './waiting-room/open-rooms.ts'
import { createRoomKeys } from './waiting-room/room-keys.ts'

const REDIS_READY_MS = 10_000

export interface RunningServer {
  readonly url: string
  readonly opsUrl: string
  /** What answers at `url`: its routes can be held against its document. */
  readonly app: ReturnType<typeof createApp>
  close(): Promise<void>
}

/** Wires one server process: stores, limiter, routes, ports. @throws when a store cannot be reached or a port is taken */
export async function startServer(config: ServerConfig, logger: Logger): Promise<RunningServer> {
  const closers = createClosers()
  try {
    return await openServer(config, logger, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function openServer(config: ServerConfig, logger: Logger, closers: Closers): Promise<RunningServer> {
  const metrics = createMetrics()
  const db = createDatabase({
    url: config.DATABASE_URL,
    replica: { url: config.DATABASE_READ_URL, logger },
    poolMax: config.DB_POOL_MAX,
    acquireMs: config.DB_POOL_ACQUIRE_MS,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    cause: 'request',
    metrics,
    slowQueries: { afterMs: config.SLOW_QUERY_MS, logger },
  })
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
  await Promise.all([
    reach('Postgres', db.sequelize.authenticate({ logging: false })),
    reach('Redis', runId.known(REDIS_READY_MS)),
  ])
  const generation = await enterMode(redis, keys, config.LIMITER_MODE)
  const breaker = createRedisBreaker()
  const stores = { redis, runId, keys, db, breaker, generation: () => generation }
  const membership = await joinSystem({
    ...stores,
    config,
    kind: 'server',
    poolMax: config.DB_POOL_MAX,
    connection,
    metrics,
    breakers: [breaker],
  })
  closers.add(() => membership.close())
  const buckets = createBuckets(stores)
  const limiter = createLimiter(config.LIMITER_MODE, {
    ...stores,
    buckets,
    subscribe: () => connectSubscriber(connection),
    ledger: createUseLedger(db, config.REDEMPTION_DEADLINE_SECONDS),
    semaphore: {
      limit: config.SEMAPHORE_LIMIT,
      maxWaitMs: config.SEMAPHORE_MAX_WAIT_MS,
      maxWaiting: config.SEMAPHORE_MAX_WAITING,
      leaseMs: config.SEMAPHORE_LEASE_MS,
    },
  })
  closers.add(() => limiter.close())
  await limiter.start()
  gaugeFrom(
    metrics.registry,
    { name: 'db_pool_connections', help: 'Connections of the pool by state', label: 'state' },
    () => ({ ...db.pool() }),
  )
  gaugeFrom(
    metrics.registry,
    { name: 'db_read_pool_connections', help: 'Connections of the replica by state', label: 'state' },
    () => ({ ...db.readPool() }),
  )
  gaugeFrom(
    metrics.registry,
    { name: 'limiter_in_use', help: 'Places of the limiter that are held', label: 'mode' },
    () => ({
      [limiter.mode]: limiter.load().inUse,
    }),
  )
  gaugeFrom(
    metrics.registry,
    { name: 'limiter_waiting', help: 'Requests in the line of the limiter', label: 'mode' },
    () => ({
      [limiter.mode]: limiter.load().waiting,
    }),
  )

  const deadlineMs = config.REQUEST_DEADLINE_MS
  const findStatus = createFindStatus(db, limiter)
  const secret = config.ADMIN_JWT_SECRET
  const roomStores = { db, redis, roomKeys: createRoomKeys(config.REDIS_KEY_PREFIX) }
  const rooms =
    secret === undefined
      ? undefined
      : openRooms({
          ...roomStores,
          runId,
          logger,
          subscriber: connectSubscriber(connection),
          secret,
          passLifetimeSeconds: config.PASS_LIFETIME_SECONDS,
        })
  closers.add(() => rooms?.close())
  const redeemByLimiter = createRedeemCode(limiter, keys)
  const redeemByPass =
    rooms === undefined ? redeemByLimiter : createRedeemWithPass(redeemByLimiter, rooms.passes, logger)
  const redeemCode = createIdempotentRedeem(redeemByPass, { redis, keys, breaker, findStatus })
  const watcher = createStatusWatcher(db)
  // The change is committed: were this lost, people would see it a few seconds later.
  const onActivityChanged = (id: string) =>
    invalidateActivity(roomStores, id).catch((error: unknown) => logger.warn({ err: error }, 'activity not announced'))
  const onSeatsChanged = (groupId: number) => createSeatCalculator(stores).invalidate([groupId])
  const admin =
    secret === undefined
      ? undefined
      : createAdminApi({ db, secret, poolMax: config.DB_POOL_MAX, deadlineMs, onActivityChanged, onSeatsChanged })
  const app = createApp({
    ipLimit: limitClients(config, stores, () => metrics.errors.inc({ error_type: 'ip_limit_skipped' })),
    addPublicRoutes(router) {
      addRedeemRoutes(router, { redeemCode, mode: limiter.mode, metrics, deadlineMs })
      addRebindRoute(router, createRebindSeat(db), deadlineMs)
      addStatusRoutes(router, { findStatus, watchStatus: watcher.watchStatus, deadlineMs })
    },
    mounts: {
      ...(admin && { [ADMIN_PATH]: admin.router }),
      '/': createDocsRoutes([...PUBLIC_ROUTES, ...(rooms ? QUEUE_ROUTES : []), ...(admin?.routes ?? [])]),
    },
    addQueueRoutes: rooms && ((router) => addQueueRoutes(router, { ...rooms, metrics, deadlineMs })),
    trustProxyHops: config.TRUST_PROXY_HOPS,
    logger,
    metrics,
  })
  const operations = createOperations({
    metrics,
    version: VERSION,
    probes: {
      postgres: () => db.sequelize.authenticate({ logging: false }),
      redis: () => checkRedis(redis),
    },
  }).use(createBucketRoutes(buckets))
  const ops = await listen(operations, {
    port: config.OPS_PORT === 0 ? 0 : config.OPS_PORT + config.SERVER_INDEX,
    host: config.OPS_HOST,
    exclusive: true,
  })
  closers.add(() => closeServer(ops.server))
  await membership.announce(ops.url)
  const open = await listen(app, { port: config.PORT, host: config.HOST })

  closers.add(() => closeServer(open.server))
  // Before that: people who watch would keep the server open.
  closers.add(() => watcher.close())
  return { url: open.url, opsUrl: ops.url, app, close: closers.close }
}

/** @returns undefined when there is nothing to limit: then no request pays for it */
function limitClients(
  { IP_LIMIT_PER_MINUTE: requests, FAILED_TRIES_PER_MINUTE: failedTries }: ServerConfig,
  { breaker, ...stores }: { redis: RedisClient; keys: Keys; breaker: Breaker },
  onSkipped: () => void,
): AppParts['ipLimit'] {
  if (requests + failedTries === 0) return undefined
  const limits = { requests, failedTries }
  return createIpLimit({ window: createSlidingWindow(stores, limits), limits, breaker, onSkipped })
}

async function reach(store: string, attempt: Promise<unknown>): Promise<void> {
  await attempt.catch((cause: Error) => {
    throw new Error(`${store} cannot be reached: ${cause.message}`, { cause })
  })
}
