import type { CommonConfig } from '../server/config.ts'
import { createDatabase } from '../server/db/database.ts'
import { countPending } from '../server/db/ledger/relay-outbox.ts'
import { listGroupSeats } from '../server/db/seat-stats.ts'
import { gaugeFrom } from '../server/metrics/gauge-from.ts'
import { createBatch } from '../server/redis/batch.ts'
import { connectRedis } from '../server/redis/connect.ts'
import { createRoomKeys } from '../server/waiting-room/room-keys.ts'
import type { Stores } from './connect-stores.ts'
import { measureRooms } from './measure-rooms.ts'

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
  const definition = { name: 'invite_queue_size', help: 'Redemptions that wait for a step', label: 'status' }
  gaugeFrom(metrics.registry, definition, async () => {
    const batch = createBatch(redis)
    for (const list of ['wait', 'active'].map((name) => queue.toKey(name))) batch.at(list).llen(list)
    for (const set of ['delayed', 'failed'].map((name) => queue.toKey(name))) batch.at(set).zcard(set)
    for (let shard = 0; shard < keys.shards; shard++) batch.at(keys.stream(shard)).xlen(keys.stream(shard))
    const [counts, pending] = await Promise.all([batch.execute() as Promise<number[]>, countPending(db)])
    const [waiting = 0, active = 0, delayed = 0, failed = 0, ...lengths] = counts
    return { stream: lengths.reduce((sum, length) => sum + length, 0), pending, waiting, active, delayed, failed }
  })
  measureRooms(metrics.registry, { db, redis, roomKeys: createRoomKeys(config.REDIS_KEY_PREFIX) })
  const seats = { name: 'available_seats_total', help: 'Free seats, as of the last refresh', label: 'group' }
  gaugeFrom(metrics.registry, seats, async () =>
    Object.fromEntries((await listGroupSeats(db)).map(({ groupId, free }) => [groupId, free])),
  )
  return {
    async close() {
      redis.disconnect()
      await db.close()
    },
  }
}
