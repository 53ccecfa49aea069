import { randomUUID } from 'node:crypto'
import { UnavailableError } from '../errors.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import type { RunId } from '../redis/run-id.ts'
import { loadScript } from '../redis/script.ts'
import type { SemaphoreOptions } from './semaphore.ts'

const ACQUIRE = loadScript(import.meta.url, 'semaphore-admit.lua', 'semaphore-acquire.lua')
const RELEASE = loadScript(import.meta.url, 'semaphore-admit.lua', 'semaphore-release.lua')
const HEARTBEAT = loadScript(import.meta.url, 'semaphore-admit.lua', 'semaphore-heartbeat.lua')

const HEARTBEAT_MS = 1_000
const DEAD_AFTER_MS = 3_000
const CONNECT_TIMEOUT_MS = 10_000

export interface DistributedSemaphoreOptions extends SemaphoreOptions {
  /** A place that was not given back is free again after this. */
  readonly leaseMs: number
}

export interface RedisConnections {
  readonly redis: RedisClient
  /** Opens a connection of its own for messages; the semaphore closes it. */
  readonly subscribe: () => RedisClient
  readonly runId: RunId
  readonly keys: Keys
}

export interface Lease {
  /** @throws UnavailableError when the lease may have ended, by the holder's most cautious reckoning */
  assertHeld(): void
  release(): Promise<void>
}

export interface DistributedSemaphore {
  readonly inUse: number
  readonly waiting: number
  start(): Promise<void>
  /** @throws UnavailableError when the line is full, the wait was too long, the signal aborted or Redis is away */
  acquire(signal: AbortSignal): Promise<Lease>
  close(): Promise<void>
}

/** What Redis said to a request for a place; `sentAt` is local and monotonic, the others are Redis's clock (all ms). */
interface Answer {
  readonly answer: number
  readonly sentAt: number
  readonly now: number
  readonly grantedAt: number
}

/**
 * One semaphore over all processes that share a Redis, first come first served. A process hears of its turn by a
 * message; when the subscription was interrupted, everybody who waits asks again.
 */
export function createDistributedSemaphore(
  { redis, subscribe, runId, keys }: RedisConnections,
  options: DistributedSemaphoreOptions,
): DistributedSemaphore {
  const processId = randomUUID()
  const subscriber = subscribe()
  const scriptKeys = (['holders', 'line', 'arrivals', 'processes'] as const).map((part) => keys.semaphore(part))
  const shared = [options.limit, options.leaseMs, keys.semaphoreChannel('')]
  /** Token → tells its waiter that it was admitted, and when on Redis's clock (ms). */
  const waiters = new Map<string, (grantedAt: number) => void>()
  let inUse = 0
  let serial = 0
  let heartbeat: NodeJS.Timeout | undefined

  /** Whoever got a place and was not told hears of it here: messages between a cluster's nodes can be lost. */
  async function beat(): Promise<void> {
    const reply = await HEARTBEAT.run(redis, scriptKeys, [...shared, processId, DEAD_AFTER_MS])
    const places = reply as (string | number)[]
    for (let index = 0; index < places.length; index += 2)
      waiters.get(String(places[index]))?.(Number(places[index + 1]))
  }
  // A place that cannot be given back now comes free with its lease.
  const giveBack = (token: string) => RELEASE.run(redis, scriptKeys, [...shared, token]).catch(() => {})

  async function ask(token: string): Promise<Answer> {
    const sentAt = performance.now()
    const reply = await ACQUIRE.run(redis, scriptKeys, [...shared, token, options.maxWaiting])
    const [answer, now, grantedAt] = reply as [number, number, number]
    return { answer, sentAt, now, grantedAt }
  }

  /** The script ran after `sentAt`, so a lease granted at `grantedAt` cannot end before the moment reckoned here. */
  function createLease(token: string, { sentAt, now }: Answer, grantedAt: number): Lease {
    const endsAt = sentAt + (grantedAt - now) + options.leaseMs
    const grantedBy = runId.current
    let released = false
    inUse++
    return {
      assertHeld() {
        if (released || performance.now() >= endsAt || grantedBy === undefined || runId.current !== grantedBy)
          throw new UnavailableError('The lease of the semaphore was lost before the commit')
      },
      async release() {
        if (released) return
        released = true
        inUse--
        await giveBack(token)
      },
    }
  }

  async function takeTurn(token: string, turn: Promise<number>, signal: AbortSignal): Promise<Lease> {
    const answer = await ask(token)
    if (answer.answer === 1) return createLease(token, answer, answer.grantedAt)
    if (answer.answer === -1) throw new UnavailableError(`${options.maxWaiting} requests wait already`)
    return createLease(token, answer, await waitFor(turn, options.maxWaitMs, signal))
  }

  /** Messages sent while the subscription was down are gone: ask again for everybody who waits. */
  async function askAgain(): Promise<void> {
    for (const [token, admit] of waiters) {
      const { answer, grantedAt } = await ask(token)
      if (answer === 1) admit(grantedAt)
    }
  }

  return {
    get inUse() {
      return inUse
    },
    get waiting() {
      return waiters.size
    },
    async start() {
      await runId.known(CONNECT_TIMEOUT_MS)
      subscriber.on('message', (_channel: string, message: string) => {
        const [token = '', grantedAt] = message.split(' ')
        waiters.get(token)?.(Number(grantedAt))
      })
      const listen = () => subscriber.subscribe(keys.semaphoreChannel(processId))
      await listen()
      // Only when the subscription stands again, or a message between the two would be lost.
      subscriber.on(
        'ready',
        () =>
          void listen()
            .then(askAgain, () => {})
            .catch(() => {}),
      )
      await beat()
      heartbeat = setInterval(() => void beat().catch(() => {}), HEARTBEAT_MS)
    },
    async acquire(signal) {
      if (signal.aborted) throw new UnavailableError('The request ended before it got a place')
      const token = `${processId}:${++serial}`
      // The message can overtake the answer to the question, so the waiter stands ready before it asks.
      const turn = new Promise<number>((resolve) => waiters.set(token, resolve))
      try {
        return await takeTurn(token, turn, signal)
      } catch (error) {
        void giveBack(token)
        if (error instanceof UnavailableError) throw error
        throw new UnavailableError('Redis cannot be asked for a place', { cause: error })
      } finally {
        waiters.delete(token)
      }
    },
    async close() {
      clearInterval(heartbeat)
      await redis.zrem(keys.semaphore('processes'), processId).catch(() => {})
      subscriber.disconnect()
    },
  }
}

/** @throws UnavailableError when the turn does not come in time or the signal aborts first */
function waitFor(turn: Promise<number>, timeoutMs: number, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const leave = (why: string) => {
      settle()
      reject(new UnavailableError(why))
    }
    const onAbort = () => leave('The request ended while it waited for a place')
    const timer = setTimeout(() => leave(`No place became free within ${timeoutMs} ms`), timeoutMs)
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) return onAbort()
    void turn.then((grantedAt) => {
      settle()
      resolve(grantedAt)
    })
  })
}
