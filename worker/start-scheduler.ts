import type { Logger } from 'pino'
import { joinSystem } from '../server/join-system.ts'
import { closeServer, listen } from '../server/listen.ts'
import { openMaintenanceQueue } from '../server/queue/maintenance-queue.ts'
import { checkRedis, connectBlocking } from '../server/redis/connect.ts'
import { createQueueBreaker } from '../server/resilience/redis-breaker.ts'
import { createBoard } from '../server/routes/board.ts'
import { createJobRoutes } from '../server/routes/jobs.ts'
import { createOperations, type Drain } from '../server/routes/operations.ts'
import { createTargetRoutes } from '../server/routes/targets.ts'
import { VERSION } from '../server/version.ts'
import { createRoomKeys } from '../server/waiting-room/room-keys.ts'
import { startBucketRelay } from './bucket-relay.ts'
import type { SchedulerConfig } from './config.ts'
import { closeAfter, connectStores } from './connect-stores.ts'
import { MAINTENANCE_JOBS } from './jobs/registry.ts'
import { startLedgerConsumer } from './ledger-consumer.ts'
import { type Loop, startLoop } from './loop.ts'
import { measureQueues } from './measure-queues.ts'
import { startOutboxRelay } from './outbox-relay.ts'
import { startQueueEntriesConsumer } from './queue-entries-consumer.ts'
import type { RunningProcess } from './run-process.ts'
import { scheduleJobs } from './schedule-jobs.ts'
import { startSweeper } from './sweeper.ts'

/** Redis may lose its entries: they are looked after, not only made once. */
const SCHEDULE_INTERVAL_MS = 60_000

/**
 * Wires the scheduler: ledger consumer, the relays of outbox and buckets, sweeper, schedules of jobs. Two of them may
 * run at once.
 */
export async function startScheduler(config: SchedulerConfig, logger: Logger): Promise<RunningProcess> {
  const stores = await connectStores(config, logger, 'ledger')
  const { metrics, db, redis, keys, queue } = stores
  const breaker = createQueueBreaker()
  const membership = await joinSystem({
    ...stores,
    config,
    kind: 'scheduler',
    // Its own pool and the one that measures the queues.
    poolMax: config.DB_POOL_MAX + 1,
    breakers: [breaker],
  }).catch(closeAfter(stores))
  const onError = (error: unknown) => {
    metrics.errors.inc({ error_type: 'ledger_error' })
    logger.error({ err: error }, 'a round of the scheduler failed; it is repeated')
  }
  const shared = { ...stores, logger, onError, batchSize: config.BATCH_SIZE }
  const blocking = Array.from({ length: keys.shards }, () => connectBlocking(stores.connection))
  const maintenance = await openMaintenanceQueue(keys, { ...stores.connection, cause: 'background' }).catch(
    closeAfter(stores),
  )
  const loops: Loop[] = [
    ...blocking.map((connection, shard) =>
      startLedgerConsumer({ ...shared, deadlineSeconds: config.REDEMPTION_DEADLINE_SECONDS }, shard, connection),
    ),
    startOutboxRelay({
      ...shared,
      onError(error) {
        metrics.errors.inc({ error_type: 'queue_error' })
        onError(error)
      },
      breaker,
      idleMs: config.RELAY_IDLE_MS,
    }),
    startBucketRelay({ ...shared, idleMs: config.RELAY_IDLE_MS }),
    startQueueEntriesConsumer({
      ...shared,
      roomKeys: createRoomKeys(config.REDIS_KEY_PREFIX),
      idleMs: config.RELAY_IDLE_MS,
    }),
    startSweeper({ ...shared, intervalMs: config.SWEEP_INTERVAL_MS, quietSeconds: config.SWEEP_QUIET_SECONDS }),
    startLoop({
      round: () => scheduleJobs(maintenance.queue, MAINTENANCE_JOBS).then(() => false),
      idleMs: SCHEDULE_INTERVAL_MS,
      onError,
    }),
  ]
  const meters = measureQueues(config, stores)

  const operations = createOperations({
    metrics,
    version: VERSION,
    drain: createDrain(loops),
    probes: {
      postgres: () => db.sequelize.authenticate({ logging: false }),
      redis: () => checkRedis(redis),
      queue: async () => void (await queue.isReady()),
    },
  })
  operations.use(createJobRoutes(queue)).use(createTargetRoutes(membership.list))
  const { BOARD_PASSWORD: password, BOARD_WRITABLE: isWritable } = config
  if (password !== undefined) operations.use(createBoard({ queues: [queue, maintenance.queue], password, isWritable }))
  const ops = await listen(operations, { port: config.OPS_PORT, host: config.OPS_HOST })
  await membership.announce(ops.url)
  return {
    opsUrl: ops.url,
    async close() {
      await Promise.all(loops.map((loop) => loop.stop()))
      await membership.close()
      for (const connection of blocking) connection.disconnect()
      await Promise.all([meters.close(), maintenance.close()])
      await stores.close()
      await closeServer(ops.server)
    },
  }
}

function createDrain(loops: readonly Loop[]): Drain {
  let paused = false
  return {
    get paused() {
      return paused
    },
    async pause() {
      paused = true
      await Promise.all(loops.map((loop) => loop.pause()))
    },
    async resume() {
      paused = false
      for (const loop of loops) loop.resume()
    },
  }
}
