import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../db/database.ts'
import { type BucketContents, findBucketContents, listActiveCodes } from '../db/ledger/find-bucket-contents.ts'
import { UnavailableError } from '../errors.ts'
import { createBatch } from '../redis/batch.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import type { RunId } from '../redis/run-id.ts'
import { loadScript } from '../redis/script.ts'
import { streamFields } from '../redis/stream-fields.ts'

const BEGIN = loadScript(import.meta.url, 'bucket-identity.lua', 'bucket-begin-rebuild.lua')
const FINISH = loadScript(import.meta.url, 'bucket-identity.lua', 'bucket-finish-rebuild.lua')
const USES_LEFT = loadScript(import.meta.url, 'bucket-identity.lua', 'bucket-uses-left.lua')

/** A rebuilder that died holds others up for as long. */
const LOCK_MS = 10_000
const COMMIT_WAIT_MS = 30_000
const POLL_MS = 20
/** How long "there is no such code" is remembered. */
const UNKNOWN_CODE_MS = 2_000
/** Of what stands in a bucket: one that an older version wrote is rebuilt. */
const LAYOUT = 2
const PAGE = 500
/** Holders per command: a code may have more of them than a function takes arguments. */
const HOLDERS_PER_COMMAND = 1_000

export interface BucketStores {
  readonly redis: RedisClient
  readonly runId: RunId
  readonly keys: Keys
  readonly db: Database
  /** Since when the mode was entered (`enterMode`). */
  readonly generation: () => string
}

/** The buckets of codes in Redis: rebuilt from the ledger where they are missing or belong to another Redis. */
export interface Buckets {
  /**
   * What scripts compare with the bucket's: the Redis that we talk to, and since when the mode was entered.
   * @param on of the connection that the script is sent on, where it is not the buckets' own
   */
  identity(timeoutMs: number, on?: RunId): Promise<string>
  /** Rebuilds one bucket; many who wait share one rebuild. @throws UnavailableError when it takes too long */
  ensure(code: string, timeoutMs: number): Promise<void>
  /** Rebuilds those of these buckets that need it, however long it takes. */
  ensureAll(codes: readonly string[]): Promise<void>
  /** Rebuilds the buckets of all codes that can be redeemed. */
  loadAll(): Promise<void>
  /** Uses left, by code; undefined where there is no valid bucket. */
  usesLeft(codes: readonly string[]): Promise<Map<string, number | undefined>>
}

export function createBuckets(stores: BucketStores): Buckets {
  const { redis, runId, keys, db, generation } = stores
  const rebuilding = new Map<string, Promise<void>>()

  async function identity(timeoutMs: number, on = runId): Promise<string> {
    return `${on.current ?? (await on.known(timeoutMs))}:${generation()}:${LAYOUT}`
  }

  /** @returns the codes whose rebuild is now ours, and for each the last stream entry to wait for */
  async function begin(
    codes: readonly string[],
    token: string,
  ): Promise<{ mine: Map<string, string>; busy: string[] }> {
    const own = await identity(LOCK_MS)
    const batch = createBatch(redis)
    for (const code of codes)
      BEGIN.queue(batch, [keys.bucket(code), keys.rebuildLock(code), streamOf(code)], [own, token, LOCK_MS])
    const replies = (await batch.execute()) as [string, string?][]
    const mine = new Map<string, string>()
    const busy: string[] = []
    codes.forEach((code, index) => {
      const [state, last] = replies[index] ?? ['locked']
      if (state === 'begun') mine.set(code, last ?? '')
      if (state === 'locked') busy.push(code)
    })
    return { mine, busy }
  }

  const streamOf = (code: string) => keys.stream(keys.shardOf(code))

  /** Waits until Postgres has every entry of these codes up to the given ones; consumers may commit them in any order. */
  async function waitUntilCommitted(mine: Map<string, string>): Promise<void> {
    const giveUpAt = performance.now() + COMMIT_WAIT_MS
    const lastByShard = new Map<number, string>()
    for (const [code, last] of mine) if (last !== '') lastByShard.set(keys.shardOf(code), last)
    for (const [shard, last] of lastByShard) {
      const find = () => findLastEntry(keys.stream(shard), last, mine)
      for (let entry = await find(); entry !== undefined; entry = await find()) {
        while ((await redis.xrange(keys.stream(shard), entry, entry)).length > 0) {
          if (performance.now() > giveUpAt) throw new UnavailableError('The ledger is behind: its consumer may not run')
          await keepLocks(mine)
          await sleep(POLL_MS)
        }
      }
    }
  }

  async function keepLocks(mine: Map<string, string>): Promise<void> {
    const batch = createBatch(redis)
    for (const code of mine.keys()) batch.at(keys.rebuildLock(code)).pexpire(keys.rebuildLock(code), LOCK_MS)
    await batch.execute()
  }

  /** The newest entry of a stream, up to `last`, that belongs to one of the codes. */
  async function findLastEntry(stream: string, last: string, codes: Map<string, string>): Promise<string | undefined> {
    let found: string | undefined
    let from = '-'
    for (;;) {
      const entries = await redis.xrange(stream, from, last, 'COUNT', 1_000)
      for (const [id, fields] of entries) if (codes.has(streamFields(fields).get('code') ?? '')) found = id
      const end = entries.at(-1)?.[0]
      if (end === undefined || entries.length < 1_000) return found
      from = `(${end}`
    }
  }

  async function finish(mine: Map<string, string>, token: string): Promise<void> {
    const contents = new Map((await findBucketContents(db, [...mine.keys()])).map((found) => [found.code, found]))
    const own = await identity(LOCK_MS)
    const batch = createBatch(redis)
    for (const code of mine.keys()) {
      const found = contents.get(code)
      const collected = `${keys.rebuildLock(code)}:${token}`
      const holders = Object.entries(found?.holders ?? {})
      for (let from = 0; from < holders.length; from += HOLDERS_PER_COMMAND)
        batch.at(collected).hset(collected, ...holders.slice(from, from + HOLDERS_PER_COMMAND).flat())
      if (holders.length > 0) batch.at(collected).pexpire(collected, LOCK_MS)
      const scriptKeys = [keys.bucket(code), keys.rebuildLock(code), keys.holders(code), collected] as const
      FINISH.queue(batch, scriptKeys, [own, token, ...describe(found)])
    }
    await batch.execute()
  }

  /** Rebuilds what needs it. @returns the codes that somebody else rebuilds right now */
  async function rebuild(codes: readonly string[]): Promise<string[]> {
    const token = randomUUID()
    const { mine, busy } = await begin(codes, token)
    if (mine.size === 0) return busy
    try {
      await waitUntilCommitted(mine)
      await finish(mine, token)
    } catch (error) {
      await Promise.allSettled([...mine.keys()].map((code) => unlock(code, token)))
      throw error
    }
    return busy
  }

  /** Only our own lock; between the two commands it could at worst expire, and then there is nothing to delete. */
  async function unlock(code: string, token: string): Promise<void> {
    if ((await redis.get(keys.rebuildLock(code))) === token) await redis.del(keys.rebuildLock(code))
  }

  async function rebuildUntilDone(codes: readonly string[]): Promise<void> {
    for (let left = codes; left.length > 0; ) {
      left = await rebuild(left)
      if (left.length > 0) await sleep(POLL_MS)
    }
  }

  function rebuildOnce(code: string): Promise<void> {
    const running = rebuilding.get(code) ?? rebuildUntilDone([code]).finally(() => rebuilding.delete(code))
    rebuilding.set(code, running)
    return running
  }

  return {
    identity,
    async ensure(code, timeoutMs) {
      const timer = new AbortController()
      const tooLate = sleep(timeoutMs, undefined, { signal: timer.signal }).then(() => {
        throw new UnavailableError('The bucket of this code is being rebuilt')
      })
      tooLate.catch(() => {})
      const rebuilt = rebuildOnce(code).catch((error: unknown) => {
        if (error instanceof UnavailableError) throw error
        throw new UnavailableError('The bucket of this code cannot be rebuilt', { cause: error })
      })
      await Promise.race([rebuilt, tooLate]).finally(() => timer.abort())
    },
    ensureAll: rebuildUntilDone,
    async loadAll() {
      for (let page = await listActiveCodes(db, '', PAGE); page.length > 0; ) {
        await rebuildUntilDone(page)
        page = await listActiveCodes(db, page.at(-1) ?? '', PAGE)
      }
    },
    async usesLeft(codes) {
      const own = await identity(LOCK_MS)
      const batch = createBatch(redis)
      for (const code of codes) USES_LEFT.queue(batch, [keys.bucket(code)], [own])
      const replies = (await batch.execute()) as (string | null)[]
      return new Map(codes.map((code, index) => [code, replies[index] == null ? undefined : Number(replies[index])]))
    },
  }
}

/** State, uses left, valid until, refill, kind, bound email, activity and lifetime, as the script takes them. */
function describe(found: BucketContents | undefined): (string | number)[] {
  if (found === undefined) return ['unknown', 0, '', '', '', '', '', UNKNOWN_CODE_MS]
  const { isActive, usesLeft, validUntil, refillPerSecond, kind, activityId, holders } = found
  // A personal code whose refund is under way is nobody's in Postgres already, and still its holder's here.
  const bound = kind === 'personal' ? (found.boundEmail ?? Object.keys(holders)[0] ?? '') : ''
  const state = isActive ? 'active' : 'inactive'
  return [state, usesLeft, validUntil?.getTime() ?? '', refillPerSecond ?? '', kind, bound, activityId ?? '', '']
}
