import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { loadScript } from '../redis/script.ts'
import type { Buckets } from './buckets.ts'

const GIVE_BACK = loadScript(import.meta.url, 'bucket-identity.lua', 'bucket-give-back.lua')
const PATIENCE_MS = 10_000

/**
 * Gives the use of a refunded redemption back to its bucket, once. A bucket that is not valid is rebuilt first: the
 * rebuild counts a refund under way as taken, so that this call, and only it, gives the use back.
 * @throws UnavailableError when the bucket cannot be rebuilt now
 */
export async function giveBack(
  { redis, keys, buckets }: { redis: RedisClient; keys: Keys; buckets: Buckets },
  { id, code, email }: { id: string; code: string; email: string },
): Promise<void> {
  const scriptKeys = [keys.bucket(code), keys.holders(code)]
  for (;;) {
    const answer = await GIVE_BACK.run(redis, scriptKeys, [await buckets.identity(PATIENCE_MS), id, email])
    if (answer !== 'uninitialised') return
    await buckets.ensure(code, PATIENCE_MS)
  }
}
