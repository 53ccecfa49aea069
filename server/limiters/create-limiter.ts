import type { RedisClient } from '../redis/connect.ts'
import type { Buckets } from './buckets.ts'
import type { DistributedSemaphoreOptions } from './distributed-semaphore.ts'
import { createInProcess } from './in-process.ts'
import type { Limiter, LimiterMode, UseLedger } from './limiter.ts'
import { createNone } from './none.ts'
import { createRedisSemaphore } from './redis-semaphore.ts'
import { createTokenBucket, type TokenBucketParts } from './token-bucket.ts'
import type { WaitMeter } from './wait-meter.ts'

/** Everything that some mode needs. */
export interface LimiterParts extends TokenBucketParts {
  readonly ledger: UseLedger
  readonly buckets: Buckets
  readonly subscribe: () => RedisClient
  readonly semaphore: DistributedSemaphoreOptions
  readonly wait?: WaitMeter
}

/** The registry of modes: one line each. */
const MODES: Record<LimiterMode, (parts: LimiterParts) => Limiter> = {
  none: ({ ledger }) => createNone(ledger),
  'in-process': ({ ledger, semaphore, wait }) => createInProcess(ledger, semaphore, wait),
  'redis-semaphore': (parts) => createRedisSemaphore(parts.ledger, parts, parts.semaphore, parts.wait),
  'token-bucket': (parts) => createTokenBucket(parts, parts.buckets, parts.wait),
}

export function createLimiter(mode: LimiterMode, parts: LimiterParts): Limiter {
  return MODES[mode](parts)
}
