import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Database } from '../../../server/db/database.ts'
import { createBuckets } from '../../../server/limiters/buckets.ts'
import {
  createDistributedSemaphore,
  type DistributedSemaphore,
} from '../../../server/limiters/distributed-semaphore.ts'
import { enterMode } from '../../../server/limiters/enter-mode.ts'
import type { Limiter } from '../../../server/limiters/limiter.ts'
import { createTokenBucket } from '../../../server/limiters/token-bucket.ts'
import { createMetrics } from '../../../server/metrics/metrics.ts'
import { connectRedis, connectSubscriber, type RedisClient, untilReady } from '../../../server/redis/connect.ts'
import { createKeys, type Keys } from '../../../server/redis/keys.ts'
import { trackRunId } from '../../../server/redis/run-id.ts'

const connectionTo = (url: string) => ({ url, cause: 'request', metrics: createMetrics(), onError: () => {} }) as const

/** A connection with the server's deadlines and counters: both sides of a contest use such. */
export async function openConnection(url: string): Promise<Redis> {
  const redis = connectRedis(connectionTo(url))
  await untilReady(redis, 10_000)
  return redis as Redis
}

/** A server process's view of Redis, as the server itself opens it. */
async function connect(url: string, prefix: string) {
  const connection = connectionTo(url)
  const redis = connectRedis(connection)
  const runId = trackRunId(redis)
  await runId.known(10_000)
  return { redis, runId, keys: createKeys(prefix, 4), subscribe: () => connectSubscriber(connection) }
}

export interface OurSemaphore extends DistributedSemaphore {
  readonly redis: RedisClient
}

export async function openOurSemaphore(
  url: string,
  prefix: string,
  { limit = 10, leaseMs = 5_000, maxWaitMs = 60_000 } = {},
): Promise<OurSemaphore> {
  const connections = await connect(url, prefix)
  const semaphore = createDistributedSemaphore(connections, { limit, leaseMs, maxWaitMs, maxWaiting: 10_000 })
  await semaphore.start()
  return Object.create(semaphore, {
    redis: { value: connections.redis },
    close: {
      async value() {
        await semaphore.close()
        connections.redis.disconnect()
      },
    },
  }) as OurSemaphore
}

export interface OurBucket {
  readonly keys: Keys
  readonly redis: RedisClient
  take(code: string, email: string): ReturnType<Limiter['reserve']>
  close(): void
}

export async function openOurBucket(url: string, prefix: string, db: Database): Promise<OurBucket> {
  const { redis, runId, keys } = await connect(url, prefix)
  const generation = await enterMode(redis, keys, 'token-bucket')
  const parts = { redis, runId, keys, db, generation: () => generation }
  const limiter = createTokenBucket(parts, createBuckets(parts))
  const { signal } = new AbortController()
  const deadline = { signal, remainingMs: () => 10_000 }
  return {
    keys,
    redis,
    take: (code, email) =>
      limiter.reserve({ redemptionId: keys.newRedemptionId(code), code, email, kind: 'shared' }, deadline),
    close: () => redis.disconnect(),
  }
}

/** @returns the name of a new code with so many uses */
export async function createCode(db: Database, maxUses: number, refillPerSecond?: number): Promise<string> {
  const code = `BENCH-${randomUUID().slice(0, 8)}`
  const values = [code, maxUses, refillPerSecond ?? null]
  const text = `
WITH made AS (INSERT INTO groups (name) VALUES ($1) RETURNING id)
INSERT INTO redeem_codes (code, group_id, max_uses, refill_per_second) SELECT $1, id, $2, $3 FROM made`
  await db.query({ name: '', text }, values)
  return code
}
