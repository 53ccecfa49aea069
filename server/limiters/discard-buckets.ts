import { createBatch } from '../redis/batch.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { loadScript } from '../redis/script.ts'

const DISCARD = loadScript(import.meta.url, 'bucket-discard.lua')

/**
 * Makes the buckets of changed codes uninitialised. Call it when the change can be read by others: each rebuild that
 * ends from then on has read the code after it. Twice does no harm.
 */
export async function discardBuckets(redis: RedisClient, keys: Keys, codes: readonly string[]): Promise<void> {
  if (codes.length === 0) return
  const batch = createBatch(redis)
  for (const code of codes) DISCARD.queue(batch, [keys.bucket(code), keys.rebuildLock(code)], [])
  await batch.execute()
}
