import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pLimit from 'p-limit'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { Semaphore as PeerSemaphore } from 'redis-semaphore'
import { createSemaphore } from '../../../server/limiters/semaphore.ts'
import type { RedisClient } from '../../../server/redis/connect.ts'
import type { Laboratory } from './laboratory.ts'
import { createCode, openOurBucket, openOurSemaphore } from './ours.ts'
import { letThousandWait } from './thousand-waiters.ts'
import { startVisitor } from './visitor.ts'

/** What was seen of one side, and whether that is right. */
export interface Observation {
  readonly right: boolean
  readonly seen: string
}

export interface Behaviour {
  readonly mode: string
  readonly peer: string
  readonly situation: string
  ours(laboratory: Laboratory): Promise<Observation>
  peers(laboratory: Laboratory): Promise<Observation>
}

const LEASE_MS = 1_000
const newKey = () => `behaviour-${randomUUID()}`
const endingWith = (signal: AbortSignal) => ({ remainingMs: () => 60_000, signal })
const deadline = () => endingWith(new AbortController().signal)

const SEMAPHORE = { mode: 'redis-semaphore', peer: 'redis-semaphore (npm)' }
const BUCKET = { mode: 'token-bucket', peer: 'rate-limiter-flexible' }
const IN_PROCESS = { mode: 'in-process', peer: 'p-limit' }

const openPeerSemaphore = (redis: Redis, key: string, limit: number, acquireTimeout = 5_000, lockTimeout = LEASE_MS) =>
  new PeerSemaphore(redis, key, limit, { lockTimeout, acquireTimeout })

/** Runs with a connection that is closed afterwards. */
async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url)
  redis.on('error', () => {})
  return use(redis).finally(() => redis.disconnect())
}

const holderDies: Behaviour = {
  ...SEMAPHORE,
  situation: 'the process that holds all places is killed',
  async ours({ redisUrl }) {
    const key = newKey()
    const visitor = await startVisitor('ours', redisUrl, key, { places: 3, limit: 3, leaseMs: LEASE_MS })
    visitor.kill()
    const semaphore = await openOurSemaphore(redisUrl, key, { limit: 3, leaseMs: LEASE_MS, maxWaitMs: 5_000 })
    const got = await semaphore.acquire(deadline()).then(
      () => true,
      () => false,
    )
    await semaphore.close()
    return { right: visitor.got === 3 && got, seen: got ? 'its places come free with their leases' : 'lost for ever' }
  },
  async peers({ redisUrl }) {
    const key = newKey()
    const visitor = await startVisitor('peer', redisUrl, key, { places: 3, limit: 3, leaseMs: LEASE_MS })
    visitor.kill()
    const got = await withRedis(redisUrl, async (redis) => {
      await sleep(LEASE_MS * 2)
      const semaphore = openPeerSemaphore(redis, key, 3)
      const isFree = await semaphore.tryAcquire()
      await semaphore.release()
      return isFree
    })
    return { right: got, seen: got ? 'its places come free with their leases' : 'lost for ever' }
  },
}

const clockSkewed: Behaviour = {
  ...SEMAPHORE,
  situation: 'a process whose clock is a minute ahead comes while the one place is held',
  async ours({ redisUrl }) {
    const key = newKey()
    const semaphore = await openOurSemaphore(redisUrl, key, { limit: 1, leaseMs: 20_000 })
    await semaphore.acquire(deadline())
    const visitor = await startVisitor('ours', redisUrl, key, { leaseMs: 20_000, clockAheadMs: 60_000 })
    visitor.kill()
    await semaphore.close()
    return { right: visitor.got === 0, seen: visitor.got === 0 ? 'it waits' : 'two hold one place' }
  },
  async peers({ redisUrl }) {
    const key = newKey()
    return withRedis(redisUrl, async (redis) => {
      const semaphore = openPeerSemaphore(redis, key, 1, 5_000, 20_000)
      await semaphore.acquire()
      const visitor = await startVisitor('peer', redisUrl, key, { leaseMs: 20_000, clockAheadMs: 60_000 })
      visitor.kill()
      await semaphore.release()
      return { right: visitor.got === 0, seen: visitor.got === 0 ? 'it waits' : 'two hold one place' }
    })
  },
}

const semaphoreRestarted: Behaviour = {
  ...SEMAPHORE,
  situation: 'Redis restarts empty while the one place is held; somebody else takes it',
  async ours({ redisUrl, restartRedis }) {
    const key = newKey()
    const first = await openOurSemaphore(redisUrl, key, { limit: 1, leaseMs: 20_000 })
    const lease = await first.acquire(deadline())
    await restartRedis()
    const second = await openOurSemaphore(redisUrl, key, { limit: 1, leaseMs: 20_000 })
    await second.acquire(deadline())
    const believes = isHeld(lease)
    await Promise.all([first.close(), second.close()])
    return { right: !believes, seen: believes ? 'both may commit' : 'the first one may not commit any more' }
  },
  async peers({ redisUrl, restartRedis }) {
    const key = newKey()
    return withRedis(redisUrl, async (redis) => {
      const first = openPeerSemaphore(redis, key, 1, 5_000, 20_000)
      await first.acquire()
      await restartRedis()
      return withRedis(redisUrl, async (other) => {
        const second = openPeerSemaphore(other, key, 1, 5_000, 20_000)
        await second.acquire()
        const believes = first.isAcquired
        await second.release()
        first.stopRefresh()
        return { right: !believes, seen: believes ? 'both believe that they hold it' : 'the first one knows' }
      })
    })
  },
}

const bucketRestarted: Behaviour = {
  ...BUCKET,
  situation: 'Redis restarts empty after 6 of 10 uses were taken; 10 more people come',
  async ours({ redisUrl, db, restartRedis }) {
    const prefix = newKey()
    const code = await createCode(db, 10)
    const before = await openOurBucket(redisUrl, prefix, db)
    const taken = await takeMany(before, code, 6, 'early')
    await commitTaken(before, db, code)
    before.close()
    await restartRedis()
    const after = await openOurBucket(redisUrl, prefix, db)
    const more = await takeMany(after, code, 10, 'late')
    after.close()
    return { right: taken + more === 10, seen: `${taken + more} uses given of 10` }
  },
  async peers({ redisUrl, restartRedis }) {
    const keyPrefix = newKey()
    const take = (people: number) =>
      withRedis(redisUrl, async (storeClient) => {
        await storeClient.ping()
        const limiter = new RateLimiterRedis({ storeClient, points: 10, duration: 0, keyPrefix })
        const answers = await Promise.allSettled(Array.from({ length: people }, () => limiter.consume('code')))
        return answers.filter(({ status }) => status === 'fulfilled').length
      })
    const taken = await take(6)
    await restartRedis()
    const more = await take(10)
    return { right: taken + more === 10, seen: `${taken + more} uses given of 10` }
  },
}

const answerLost: Behaviour = {
  ...BUCKET,
  situation: 'the answer to a taken use is lost, and the person asks again',
  async ours({ redisUrl, db }) {
    const code = await createCode(db, 10)
    const bucket = await openOurBucket(redisUrl, newKey(), db)
    await bucket.take(code, 'same@example.test')
    await bucket.take(code, 'same@example.test')
    const left = Number(await bucket.redis.hget(bucket.keys.bucket(code), 'left'))
    bucket.close()
    return { right: left === 9, seen: `${10 - left} of 10 uses gone` }
  },
  async peers({ redisUrl }) {
    return withRedis(redisUrl, async (storeClient) => {
      const limiter = new RateLimiterRedis({ storeClient, points: 10, duration: 0, keyPrefix: newKey() })
      await limiter.consume('code')
      const { consumedPoints } = await limiter.consume('code')
      return { right: consumedPoints === 1, seen: `${consumedPoints} of 10 uses gone` }
    })
  },
}

const semaphoreScriptsFlushed: Behaviour = {
  ...SEMAPHORE,
  situation: 'the script cache is flushed',
  async ours({ redisUrl }) {
    const semaphore = await openOurSemaphore(redisUrl, newKey())
    const works = await worksAfterFlush(semaphore.redis, async () => (await semaphore.acquire(deadline())).release())
    await semaphore.close()
    return works
  },
  peers: ({ redisUrl }) =>
    withRedis(redisUrl, (redis) => {
      const key = newKey()
      return worksAfterFlush(redis, async () => {
        const semaphore = openPeerSemaphore(redis, key, 10)
        await semaphore.acquire()
        await semaphore.release()
      })
    }),
}

const bucketScriptsFlushed: Behaviour = {
  ...BUCKET,
  situation: 'the script cache is flushed',
  async ours({ redisUrl, db }) {
    const code = await createCode(db, 10)
    const bucket = await openOurBucket(redisUrl, newKey(), db)
    const works = await worksAfterFlush(bucket.redis, () => bucket.take(code, `${randomUUID()}@example.test`))
    bucket.close()
    return works
  },
  peers: ({ redisUrl }) =>
    withRedis(redisUrl, async (storeClient) => {
      const limiter = new RateLimiterRedis({ storeClient, points: 10, duration: 0, keyPrefix: newKey() })
      return worksAfterFlush(storeClient, () => limiter.consume('code'))
    }),
}

const distributedStarvation: Behaviour = {
  ...SEMAPHORE,
  situation: '1,000 wait for 10 places, from 5 processes: who is starved',
  async ours({ redisUrl }) {
    const key = newKey()
    const open = () => openOurSemaphore(redisUrl, key, { maxWaitMs: 30_000 })
    const semaphores = await Promise.all(Array.from({ length: 5 }, open))
    const observation = await letThousandWait(async (n, whileHeld) => {
      const lease = await semaphores[n % 5]?.acquire(deadline())
      await whileHeld()
      await lease?.release()
    })
    await Promise.all(semaphores.map((semaphore) => semaphore.close()))
    return observation
  },
  peers: ({ redisUrl }) => {
    const key = newKey()
    return withRedis(redisUrl, (redis) =>
      letThousandWait(async (_, whileHeld) => {
        const semaphore = openPeerSemaphore(redis, key, 10, 30_000, 30_000)
        await semaphore.acquire()
        await whileHeld()
        await semaphore.release()
      }),
    )
  },
}

const localStarvation: Behaviour = {
  ...IN_PROCESS,
  situation: '1,000 wait for 10 places: who is starved',
  ours: async () => {
    const semaphore = createSemaphore({ limit: 10, maxWaitMs: 30_000, maxWaiting: 1_000 })
    return letThousandWait(async (_, whileHeld) => {
      const release = await semaphore.acquire(deadline())
      await whileHeld()
      release()
    })
  },
  peers: async () => {
    const limit = pLimit(10)
    return letThousandWait((_, whileHeld) => limit(whileHeld))
  },
}

const waiterLeaves: Behaviour = {
  ...IN_PROCESS,
  situation: 'somebody who waits goes away',
  ours: async () => {
    const semaphore = createSemaphore({ limit: 1, maxWaitMs: 30_000, maxWaiting: 10 })
    const release = await semaphore.acquire(deadline())
    const client = new AbortController()
    let ran = false
    const work = semaphore.acquire(endingWith(client.signal)).then(
      (leave) => {
        ran = true
        leave()
      },
      () => {},
    )
    client.abort()
    release()
    await work
    return { right: !ran, seen: ran ? 'its work runs for nobody' : 'it leaves the line' }
  },
  peers: async () => {
    const limit = pLimit(1)
    let ran = false
    const first = limit(() => sleep(10))
    const client = new AbortController()
    const work = limit(async () => {
      ran = true
    })
    // There is no way to tell it: only the whole line can be cleared.
    client.abort()
    await Promise.all([first, work])
    return { right: !ran, seen: ran ? 'its work runs for nobody' : 'it leaves the line' }
  },
}

export const BEHAVIOURS: readonly Behaviour[] = [
  localStarvation,
  waiterLeaves,
  holderDies,
  clockSkewed,
  semaphoreScriptsFlushed,
  distributedStarvation,
  semaphoreRestarted,
  bucketScriptsFlushed,
  answerLost,
  bucketRestarted,
]

function isHeld(lease: { assertHeld(): void }): boolean {
  try {
    lease.assertHeld()
    return true
  } catch {
    return false
  }
}

async function worksAfterFlush(redis: RedisClient, operate: () => Promise<unknown>): Promise<Observation> {
  await operate()
  await redis.script('FLUSH')
  const right = await operate().then(
    () => true,
    () => false,
  )
  return { right, seen: right ? 'goes on' : 'fails' }
}

type OurBucket = Awaited<ReturnType<typeof openOurBucket>>

async function takeMany(bucket: OurBucket, code: string, people: number, prefix: string): Promise<number> {
  const emails = Array.from({ length: people }, (_, n) => `${prefix}${n}@example.test`)
  const answers = await Promise.all(emails.map((email) => bucket.take(code, email)))
  return answers.filter(({ outcome }) => outcome === 'accepted').length
}

/** What the ledger consumer does before the restart. */
async function commitTaken({ redis, keys }: OurBucket, db: Laboratory['db'], code: string): Promise<void> {
  const stream = keys.stream(keys.shardOf(code))
  const entries = await redis.xrange(stream, '-', '+')
  for (const [id, [, redemption, , , , email]] of entries) {
    await db.query(
      {
        name: '',
        text: `WITH counted AS (UPDATE redeem_codes SET used_count = used_count + 1 WHERE code = $2)
               INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at)
               VALUES ($1, $2, $3, 'reserved', now(), now() + interval '1 hour')`,
      },
      [redemption, code, email],
    )
    await redis.xdel(stream, id)
  }
}
