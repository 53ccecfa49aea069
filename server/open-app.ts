import type { Express } from 'express'
import type { Logger } from 'pino'
import { type AppParts, createApp } from './app.ts'
import type { Closers } from './closers.ts'
import type { ServerConfig } from './config.ts'
import type { Limiter } from './limiters/limiter.ts'
import { createSlidingWindow } from './limiters/sliding-window.ts'
import { createIpLimit } from './middleware/ip-limit.ts'
import type { ServerStores } from './open-stores.ts'
import { createFindStatus } from './redeem/find-status.ts'
import { createIdempotentRedeem } from './redeem/idempotency.ts'
import { createRebindSeat } from './redeem/rebind-seat.ts'
import { createRedeemCode } from './redeem/redeem-code.ts'
import { createRedeemWithPass } from './redeem/redeem-with-pass.ts'
import { createRepair } from './redeem/repair.ts'
import { createSeatCalculator } from './redeem/seats.ts'
import { createStatusWatcher } from './redeem/watch-status.ts'
import { connectSubscriber } from './redis/connect.ts'
import { createAdminApi } from './routes/admin/create-admin-api.ts'
import { ADMIN_PATH } from './routes/admin/fields.ts'
import { QUEUE_ROUTES } from './routes/describe-queue.ts'
import { createDocsRoutes } from './routes/docs.ts'
import { PUBLIC_ROUTES } from './routes/public-routes.ts'
import { addQueueRoutes } from './routes/queue.ts'
import { addRebindRoute } from './routes/rebind.ts'
import { addRedeemRoutes } from './routes/redeem.ts'
import { addStatusRoutes } from './routes/status.ts'
import { invalidateActivity } from './waiting-room/activity-copies.ts'
import { openRooms } from './waiting-room/open-rooms.ts'
import { createRoomKeys } from './waiting-room/room-keys.ts'

export interface OpenAppParts {
  readonly config: ServerConfig
  readonly stores: ServerStores
  readonly limiter: Limiter
  readonly logger: Logger
}

/** Wires the use cases to their routes. @returns also what ends the streams of people who watch */
export function openApp(parts: OpenAppParts, closers: Closers): { app: Express; stopWatching: () => void } {
  const { config, stores, limiter, logger } = parts
  const { db, redis, metrics } = stores
  const deadlineMs = config.REQUEST_DEADLINE_MS
  const findStatus = createFindStatus(db, limiter)
  const watcher = createStatusWatcher(db)
  const secured = openSecured(parts, closers)
  const redeemByLimiter = createRedeemCode(limiter, stores.keys)
  const redeemByPass = secured ? createRedeemWithPass(redeemByLimiter, secured.rooms.passes, logger) : redeemByLimiter
  const redeemCode = createIdempotentRedeem(redeemByPass, { ...stores, redis, findStatus })
  const routes = [...PUBLIC_ROUTES, ...(secured ? [...QUEUE_ROUTES, ...secured.admin.routes] : [])]
  const app = createApp({
    ipLimit: limitClients(config, stores),
    addPublicRoutes(router) {
      addRedeemRoutes(router, { redeemCode, mode: limiter.mode, metrics, deadlineMs })
      addRebindRoute(router, createRebindSeat(db), deadlineMs)
      addStatusRoutes(router, { findStatus, watchStatus: watcher.watchStatus, deadlineMs })
    },
    addQueueRoutes: secured && ((router) => addQueueRoutes(router, { ...secured.rooms, metrics, deadlineMs })),
    mounts: { ...(secured && { [ADMIN_PATH]: secured.admin.router }), '/': createDocsRoutes(routes) },
    trustProxyHops: config.TRUST_PROXY_HOPS,
    logger,
    metrics,
  })
  return { app, stopWatching: watcher.close }
}

/** What needs a secret to sign and check tokens; without one it does not exist. */
function openSecured({ config, stores, logger }: OpenAppParts, closers: Closers) {
  const secret = config.ADMIN_JWT_SECRET
  if (secret === undefined) return undefined
  const roomStores = { ...stores, roomKeys: createRoomKeys(config.REDIS_KEY_PREFIX) }
  const rooms = openRooms({
    ...roomStores,
    logger,
    subscriber: connectSubscriber(stores.connection),
    secret,
    passLifetimeSeconds: config.PASS_LIFETIME_SECONDS,
  })
  closers.add(() => rooms.close())
  const admin = createAdminApi({
    db: stores.db,
    repair: createRepair(stores),
    secret,
    poolMax: config.DB_POOL_MAX,
    deadlineMs: config.REQUEST_DEADLINE_MS,
    seats: createSeatCalculator(stores),
    // The change is committed: were this lost, people would see it a few seconds later.
    onActivityChanged: (id) =>
      invalidateActivity(roomStores, id).catch((err: unknown) => logger.warn({ err }, 'activity not announced')),
  })
  return { rooms, admin }
}

/** @returns undefined when there is nothing to limit: then no request pays for it */
function limitClients(
  { IP_LIMIT_PER_MINUTE: requests, FAILED_TRIES_PER_MINUTE: failedTries }: ServerConfig,
  { breaker, redis, keys, metrics }: ServerStores,
): AppParts['ipLimit'] {
  if (requests + failedTries === 0) return undefined
  const limits = { requests, failedTries }
  const onSkipped = () => metrics.errors.inc({ error_type: 'ip_limit_skipped' })
  return createIpLimit({ window: createSlidingWindow({ redis, keys }, limits), limits, breaker, onSkipped })
}
