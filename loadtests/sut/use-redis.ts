import { UnreachableError, UsageError } from '../errors.ts'
import { neverSettled } from './child.ts'
import { connectRedis, readRedisFacts } from './redis-facts.ts'
import { describeAddress, describeFailure, type Store } from './store.ts'

export interface UseRedisOptions {
  allowNonempty?: boolean
  deadlineMs?: number
}

/**
 * Uses the Redis at REDIS_URL, which is never started, changed or stopped. Throws UnreachableError when it does not
 * answer in time, and UsageError when the URL is malformed or its database holds keys and that was not allowed.
 */
export async function useRedis(url: string, options: UseRedisOptions = {}): Promise<Store> {
  const address = describeAddress(parseUrl(url), 6379)
  const keys = await countKeys(url, address, options.deadlineMs ?? 5_000)
  if (keys > 0 && !options.allowNonempty) {
    throw new UsageError(
      `The Redis at ${address} holds ${keys} keys. Name an empty database in REDIS_URL, or pass --allow-nonempty.`,
    )
  }
  return { url, pid: null, ...(await readRedisFacts(url)), died: neverSettled(), stop: async () => undefined }
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed && ['redis:', 'rediss:'].includes(parsed.protocol)) return parsed
  throw new UsageError('REDIS_URL is not a URL of the form redis://host:6379/0.')
}

async function countKeys(url: string, address: string, deadlineMs: number): Promise<number> {
  try {
    const client = await connectRedis(url, deadlineMs)
    try {
      return await client.dbsize()
    } finally {
      client.disconnect()
    }
  } catch (cause) {
    throw new UnreachableError(
      `Redis at ${address} cannot be used: ${describeFailure(cause)}. ` +
        'Start it, correct REDIS_URL, or unset REDIS_URL to use one of our own.',
      { cause },
    )
  }
}
