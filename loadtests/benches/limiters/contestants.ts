import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { Semaphore as PeerSemaphore } from 'redis-semaphore'
import { createSemaphore } from '../../../server/limiters/semaphore.ts'
import type { Laboratory } from './laboratory.ts'
import { createCode, openConnection, openOurBucket, openOurSemaphore } from './ours.ts'

/** Something that is asked for a place or a use again and again. */
export interface Contestant {
  /** One operation: a place taken and given back, or a use taken. */
  operate(): Promise<unknown>
  close(): Promise<void> | void
}

/** A limiter mode of ours and its peer, under the same load. */
export interface Contest {
  readonly mode: string
  readonly peer: string
  readonly load: string
  /** Operations under way at once. */
  readonly concurrency: number
  openOurs(laboratory: Laboratory): Promise<Contestant>
  openPeer(laboratory: Laboratory): Promise<Contestant>
}

const LIMIT = 10
const newName = () => randomBytes(4).toString('hex')
const PLENTY = 100_000_000
/** A request has one anyway, whatever limits it: to make one is nobody's cost here. */
const DEADLINE = { remainingMs: () => 60_000, signal: new AbortController().signal }

function inProcess(load: string, concurrency: number): Contest {
  return {
    mode: 'in-process',
    peer: 'p-limit',
    load,
    concurrency,
    async openOurs() {
      const semaphore = createSemaphore({ limit: LIMIT, maxWaitMs: 60_000, maxWaiting: 10_000 })
      const operate = async () => (await semaphore.acquire(DEADLINE))()
      return { operate, close: () => {} }
    },
    async openPeer() {
      const limit = pLimit(LIMIT)
      return { operate: () => limit(async () => {}), close: () => {} }
    },
  }
}

function distributed(load: string, concurrency: number): Contest {
  return {
    mode: 'redis-semaphore',
    peer: 'redis-semaphore (npm)',
    load,
    concurrency,
    async openOurs({ redisUrl }) {
      const semaphore = await openOurSemaphore(redisUrl, newName(), { limit: LIMIT })
      const operate = async () => (await semaphore.acquire(DEADLINE)).release()
      return { operate, close: () => semaphore.close() }
    },
    async openPeer({ redisUrl }) {
      const redis = await openConnection(redisUrl)
      const key = newName()
      // An instance counts as one holder, so each operation needs one of its own.
      const operate = async () => {
        const semaphore = new PeerSemaphore(redis, key, LIMIT, { acquireTimeout: 60_000, lockTimeout: 5_000 })
        await semaphore.acquire()
        await semaphore.release()
      }
      return { operate, close: () => redis.disconnect() }
    },
  }
}

const bucket: Contest = {
  mode: 'token-bucket',
  peer: 'rate-limiter-flexible',
  load: 'one key, 50 at once',
  concurrency: 50,
  async openOurs({ redisUrl, db }) {
    const ours = await openOurBucket(redisUrl, newName(), db)
    const code = await createCode(db, PLENTY)
    let person = 0
    const operate = async () => {
      const { outcome } = await ours.take(code, `person${++person}@example.test`)
      if (outcome !== 'accepted') throw new Error(`a use was ${outcome}`)
    }
    return { operate, close: () => ours.close() }
  },
  async openPeer({ redisUrl }) {
    const redis = await openConnection(redisUrl)
    const limiter = new RateLimiterRedis({ storeClient: redis, points: PLENTY, duration: 0, keyPrefix: newName() })
    return { operate: () => limiter.consume('code'), close: () => redis.disconnect() }
  },
}

export const CONTESTS: readonly Contest[] = [
  inProcess('10 places, 10 at once', 10),
  inProcess('10 places, 100 at once', 100),
  distributed('10 places, 10 at once', 10),
  distributed('10 places, 50 at once', 50),
  bucket,
]
