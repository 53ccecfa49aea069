import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Database } from '../server/db/database.ts'
import {
  type AcceptedRedemption,
  commitAccepted,
  commitRefused,
  UnknownCodeError,
} from '../server/db/ledger/commit-accepted.ts'
import type { Keys } from '../server/redis/keys.ts'
import { execute } from '../server/redis/script.ts'
import { type Loop, startLoop } from './loop.ts'

const GROUP = 'ledger'
const BLOCK_MS = 1_000
/** Entries of a consumer that did not acknowledge them for so long are taken over: it died. */
const TAKE_OVER_AFTER_MS = 15_000

type Entry = [id: string, fields: string[]]

export interface LedgerConsumerParts {
  readonly db: Database
  readonly redis: Redis
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
export function startLedgerConsumer(parts: LedgerConsumerParts, shard: number, blocking: Redis): Loop {
  const { db, redis, keys, logger } = parts
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
    const accepted = entries.map(parseEntry).filter((redemption) => redemption !== undefined)
    const unreadable = entries.filter((entry) => parseEntry(entry) === undefined)
    if (accepted.length > 0) await commitBatch(accepted)
    const pipeline = redis.pipeline()
    for (const [id, fields] of unreadable) pipeline.xadd(keys.deadEntries(shard), '*', 'entry', id, ...fields)
    if (unreadable.length > 0)
      logger.error({ shard, entries: unreadable.length }, 'unreadable ledger entries set aside')
    const ids = entries.map(([id]) => id)
    pipeline.xack(stream, GROUP, ...ids).xdel(stream, ...ids)
    if (accepted.length > 0) pipeline.hdel(keys.uncommitted(shard), ...accepted.map(({ id }) => id))
    await execute(pipeline)
  }

  async function commitBatch(accepted: AcceptedRedemption[]): Promise<void> {
    try {
      await commitAccepted(db, accepted, parts.deadlineSeconds)
    } catch (error) {
      if (refusalReason(error) === undefined) throw error
      for (const redemption of accepted) await commitOne(redemption)
    }
  }

  async function commitOne(redemption: AcceptedRedemption): Promise<void> {
    try {
      await commitAccepted(db, [redemption], parts.deadlineSeconds)
    } catch (error) {
      const reason = refusalReason(error)
      if (reason === undefined) throw error
      logger.error({ redemptionId: redemption.id, reason }, 'Postgres refused an accepted redemption; it is refunded')
      await commitRefused(db, redemption, reason)
    }
  }

  return startLoop({ round, idleMs: 0, onError: parts.onError })
}

/** The moment of acceptance is the entry id's: Redis's clock, in ms. */
function parseEntry([entryId, fields]: Entry): AcceptedRedemption | undefined {
  const field = (name: string) => fields[fields.indexOf(name) + 1]
  const [id, code, email] = [field('id'), field('code'), field('email')]
  if (!id || !/^[0-9a-f-]{36}$/.test(id) || !code || !email) return undefined
  return { id, code, email, acceptedAt: new Date(Number.parseInt(entryId, 10)) }
}

/** Why Postgres will never take this row; undefined when it may at another try. */
function refusalReason(error: unknown): string | undefined {
  if (error instanceof UnknownCodeError) return 'unknown_code'
  const { code } = error as { code?: string }
  if (code === '23505') return 'already_redeemed'
  if (code === '23514') return 'used_up'
  // Class 22: a value that the column cannot hold.
  return code?.startsWith('22') ? 'refused_value' : undefined
}
