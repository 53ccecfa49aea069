import { randomUUID } from 'node:crypto'
import type { Connection } from '../db/database.ts'
import { countFreeSeats } from '../db/seat-stats.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { loadScript } from '../redis/script.ts'

const KEPT_MS = 30_000
/** A reader that died must not keep the others from keeping what they read. */
const MARK_MS = 5_000
const KEEP = loadScript(import.meta.url, 'seats-keep.lua')

export interface SeatCalculator {
  /**
   * Free seats of a group, at most 30 s old; 0 for a group that does not exist. While Redis is away Postgres is asked.
   * @throws when Postgres fails
   */
  available(groupId: number): Promise<number>
  /**
   * Forgets what is kept of these groups; call it after the commit that changed their seats. One command, or none.
   * Never fails: what Redis did not hear of is right again when its time is over.
   */
  invalidate(groupIds: Iterable<number>): Promise<void>
}

export interface SeatCalculatorParts {
  /** The primary: a replica that is behind would bring back what was just forgotten. */
  readonly db: Connection
  readonly redis: RedisClient
  readonly keys: Keys
}

/**
 * Free seats per group, kept in Redis for everybody.
 *
 * An old count cannot come back after a newer change: a reader leaves its mark before it asks Postgres, and its count
 * is kept only where that mark still stands. Whoever changes seats deletes the key after the commit. So either the
 * reader asked after the commit and its count is right, or it marked before the deletion, and its mark is gone.
 */
export function createSeatCalculator({ db, redis, keys }: SeatCalculatorParts): SeatCalculator {
  /** @returns the count, or the mark to keep one by; undefined when another reader is at it, or Redis is away */
  async function look(key: string): Promise<number | string | undefined> {
    try {
      const kept = await redis.get(key)
      if (kept !== null) return /^\d+$/.test(kept) ? Number(kept) : undefined
      const mark = `reading:${randomUUID()}`
      return (await redis.set(key, mark, 'PX', MARK_MS, 'NX')) === null ? undefined : mark
    } catch {
      return undefined
    }
  }

  return {
    async available(groupId) {
      const key = keys.seats(groupId)
      const found = await look(key)
      if (typeof found === 'number') return found
      const free = await countFreeSeats(db, groupId)
      if (found !== undefined) await KEEP.run(redis, [key], [found, free, KEPT_MS]).catch(() => {})
      return free
    },
    async invalidate(groupIds) {
      const changed = [...new Set(groupIds)].map((groupId) => keys.seats(groupId))
      if (changed.length > 0) await redis.del(...changed).catch(() => {})
    },
  }
}
