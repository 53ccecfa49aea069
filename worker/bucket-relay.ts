import { settleWithin } from '../server/closers.ts'
import type { Database } from '../server/db/database.ts'
import { takeBucketChanges } from '../server/db/ledger/take-bucket-changes.ts'
import { createBuckets } from '../server/limiters/buckets.ts'
import { discardBuckets } from '../server/limiters/discard-buckets.ts'
import { readMode } from '../server/limiters/enter-mode.ts'
import type { RedisClient } from '../server/redis/connect.ts'
import type { Keys } from '../server/redis/keys.ts'
import type { RunId } from '../server/redis/run-id.ts'
import { type Loop, startLoop } from './loop.ts'

/** A rebuild waits for the ledger consumer; changes of other codes must not wait for as long. */
const REBUILD_WAIT_MS = 2_000

export interface BucketRelayParts {
  readonly db: Database
  readonly redis: RedisClient
  readonly runId: RunId
  readonly keys: Keys
  readonly onError: (error: unknown) => void
  readonly batchSize: number
  readonly idleMs: number
}

/**
 * Carries administrators' changes of codes to their buckets. A change counts as carried, and its row goes, when its
 * bucket was thrown away: nobody gets a use from then on but of a bucket that was rebuilt with the change in it. The
 * rebuild that follows only spares the next request the wait.
 */
export function startBucketRelay({ db, redis, runId, keys, onError, batchSize, idleMs }: BucketRelayParts): Loop {
  let generation = ''
  const buckets = createBuckets({ db, redis, runId, keys, generation: () => generation })

  const discardChanged = () =>
    db.transaction(async (connection) => {
      const changes = await takeBucketChanges(connection, batchSize)
      await discardBuckets(redis, keys, changes.codes)
      return changes
    })

  /** In the other modes there are no buckets. */
  async function rebuild(codes: readonly string[]): Promise<void> {
    const mode = await readMode(redis, keys)
    if (mode?.name !== 'token-bucket') return
    generation = mode.generation
    await settleWithin(REBUILD_WAIT_MS, buckets.ensureAll(codes).catch(onError))
  }

  return startLoop({
    idleMs,
    onError,
    async round() {
      const { codes, mayBeMore } = await discardChanged()
      if (codes.length > 0) await rebuild(codes)
      return mayBeMore
    },
  })
}
