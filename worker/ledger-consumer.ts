import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Database } from '../server/db/database.ts'
import type { RedisClient } from '../server/redis/connect.ts'
import type { Keys } from '../server/redis/keys.ts'
import { execute } from '../server/redis/script.ts'
import { commitEntries, type Entry, parseEntry, type Refusal } from './commit-entries.ts'
import { type Loop, startLoop } from './loop.ts'

const GROUP = 'ledger'
const BLOCK_MS = 1_000
/** Entries of a consumer that did not acknowledge them for so long are taken over: it died. */
const TAKE_OVER_AFTER_MS = 15_000

export interface LedgerConsumerParts {
  readonly db: Database
  readonly redis: RedisClient
  readonly keys: Keys
  readonly logger: Logger
  readonly onError: (error: unknown) => void
  readonly batchSize: number
  readonly deadlineSeconds: number
}

/**
 * Writes what the buckets of one shard accepted from their stream to Postgres: batch by batch, each redemption once.
 * An entry is acknowledged and deleted after its transaction committed, never before; the stream is never trimmed.
 * @param blocking a connection of its own: it blocks while the stream is empty
 */
export function startLedgerConsumer(parts: LedgerConsumerParts, shard: number, blocking: RedisClient): Loop {
  const { redis, keys, logger } = parts
  const stream = keys.stream(shard)
  const consumer = randomUUID()
  let hasGroup = false
  /** Entries that were given to us and not acknowledged come first: after a failed batch, say. */
  let ownFirst = true
  let takeOverAt = 0

  async function createGroup(): Promise<void> {
    await redis.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM').catch((error: Error) => {
      if (!error.message.startsWith('BUSYGROUP')) throw error
    })
    hasGroup = true
  }

  async function takeOver(): Promise<Entry[]> {
    takeOverAt = Date.now() + TAKE_OVER_AFTER_MS
    const [, entries] = (await redis.xautoclaim(
      stream,
      GROUP,
      consumer,
      TAKE_OVER_AFTER_MS,
      '0-0',
      'COUNT',
      parts.batchSize,
    )) as [string, Entry[]]
    return entries
  }

  async function read(): Promise<Entry[]> {
    if (Date.now() >= takeOverAt) {
      const entries = await takeOver()
      if (entries.length > 0) return entries
    }
    const count = parts.batchSize
    const reply = ownFirst
      ? await redis.xreadgroup('GROUP', GROUP, consumer, 'COUNT', count, 'STREAMS', stream, '0')
      : await blocking.xreadgroup('GROUP', GROUP, consumer, 'COUNT', count, 'BLOCK', BLOCK_MS, 'STREAMS', stream, '>')
    const entries = (reply as [string, Entry[]][] | null)?.[0]?.[1] ?? []
    if (entries.length === 0) ownFirst = false
    return entries
  }

  async function round(): Promise<boolean> {
    if (!hasGroup) await createGroup()
    try {
      const entries = await read()
      if (entries.length > 0) await commit(entries)
      // An empty read has waited long enough already.
      return true
    } catch (error) {
      ownFirst = true
      hasGroup = false
      throw error
    }
  }

  async function commit(entries: Entry[]): Promise<void> {
    const read = entries.map((entry) => ({ entry, redemption: parseEntry(entry) }))
    const accepted = read.flatMap(({ redemption }) => redemption ?? [])
    const refusals = await commitEntries(parts, accepted)
    const unwritable = new Set(refusals.filter(({ isRecorded }) => !isRecorded).map(({ redemption }) => redemption))
    const dead = read.filter(({ redemption }) => redemption === undefined || unwritable.has(redemption))
    if (dead.length > 0) logger.error({ shard, entries: dead.length }, 'unusable ledger entries set aside')
    await clear(
      entries,
      accepted.map(({ id }) => id),
      dead.map(({ entry }) => entry),
      refusals,
    )
  }

  /**
   * All at once: an entry that was acknowledged and not deleted would never be given to anybody again. What Postgres
   * refused shows that the bucket does not know the ledger's truth, so it is thrown away.
   */
  async function clear(entries: Entry[], committed: string[], dead: Entry[], refusals: Refusal[]): Promise<void> {
    const transaction = redis.multi()
    for (const [id, fields] of dead)
      if (fields !== null) transaction.xadd(keys.deadEntries(shard), '*', 'entry', id, ...fields)
    for (const { redemption } of refusals) transaction.del(keys.bucket(redemption.code))
    const ids = entries.map(([id]) => id)
    transaction.xack(stream, GROUP, ...ids).xdel(stream, ...ids)
    if (committed.length > 0) transaction.hdel(keys.uncommitted(shard), ...committed)
    await execute(transaction)
  }

  return startLoop({ round, idleMs: 0, onError: parts.onError })
}
