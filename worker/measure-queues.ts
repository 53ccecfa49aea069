import type { Registry } from 'prom-client'
import type { CommonConfig } from '../server/config.ts'
import { createDatabase, type Database } from '../server/db/database.ts'
import { listGroupSeats } from '../server/db/seat-stats.ts'
import { gaugeFrom } from '../server/metrics/gauge-from.ts'
import { shareReading } from '../server/metrics/share-reading.ts'
import { connectRedis } from '../server/redis/connect.ts'
import { createRoomKeys } from '../server/waiting-room/room-keys.ts'
import type { Stores } from './connect-stores.ts'
import { measureRooms } from './measure-rooms.ts'
import { readBacklog } from './read-backlog.ts'

/**
 * Exposes how many redemptions stand before each step: in the streams, in the outbox, in the queue, and how many people
 * before the codes. It has connections of its own, so that looking is not counted as the ledger's work.
 */
export function measureQueues(config: CommonConfig, stores: Stores): { close(): Promise<void> } {
  const { metrics, keys, queue, connection, logger } = stores
  const redis = connectRedis({ ...connection, cause: 'background' })
  const db = createDatabase({
    url: config.DATABASE_URL,
    poolMax: 1,
    acquireMs: config.STATEMENT_TIMEOUT_MS,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    cause: 'background',
    metrics,
    slowQueries: { afterMs: config.SLOW_QUERY_MS, logger },
  })
  const read = shareReading(() => readBacklog({ redis, db, queue, keys }))
  const size = {
    name: 'invite_queue_size',
    help: 'Redemptions that wait for a step: stream, outbox (pending), job (waiting, active, delayed); failed: given up',
    label: 'status',
  }
  gaugeFrom(metrics.registry, size, async () => ({ ...(await read())?.size }))
  const oldest = {
    name: 'queue_oldest_waiting_seconds',
    help: 'How long the first redemption of each step waits, 0 when none does',
    label: 'status',
  }
  gaugeFrom(metrics.registry, oldest, async () => ({ ...(await read())?.oldestSeconds }))
  measureRooms(metrics.registry, { db, redis, roomKeys: createRoomKeys(config.REDIS_KEY_PREFIX) })
  exposeSeats(metrics.registry, db)
  return {
    async close() {
      redis.disconnect()
      await db.close()
    },
  }
}

/** Most groups that are told one by one; the free seats of all others stand together under `other`. */
const MAX_GROUPS = 50

/** Its name is an interface and looks like a counter's: without a type nobody takes it for one. */
function exposeSeats(registry: Registry, db: Database): void {
  const seats = gaugeFrom(
    registry,
    { name: 'available_seats_total', help: 'Free seats by group, as of the last refresh', label: 'group' },
    async () => {
      const groups = await listGroupSeats(db)
      const told = groups.slice(0, MAX_GROUPS).map(({ groupId, free }): [string, number] => [String(groupId), free])
      const rest = groups.slice(MAX_GROUPS)
      if (rest.length > 0) told.push(['other', rest.reduce((sum, { free }) => sum + free, 0)])
      return Object.fromEntries(told)
    },
  )
  Object.assign(seats, { type: 'untyped' })
}
