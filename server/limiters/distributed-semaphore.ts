import { randomUUID } from 'node:crypto'
import { UnavailableError } from '../errors.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import type { RunId } from '../redis/run-id.ts'
import { loadScript } from '../redis/script.ts'
import { createRedisBreaker, type Guarded } from '../resilience/redis-breaker.ts'
import type { Deadline } from './limiter.ts'
import type { SemaphoreOptions } from './semaphore.ts'
import { type Answer, createExchange } from './semaphore-exchange.ts'
import { createWaitingLine, type Waiter } from './waiting-line.ts'

const EXCHANGE = loadScript(import.meta.url, 'semaphore-admit.lua', 'semaphore-exchange.lua')
const HEARTBEAT = loadScript(import.meta.url, 'semaphore-admit.lua', 'semaphore-heartbeat.lua')

const HEARTBEAT_MS = 1_000
const DEAD_AFTER_MS = 3_000
const CONNECT_TIMEOUT_MS = 10_000

export interface DistributedSemaphoreOptions extends SemaphoreOptions {
  /** A place that was not given back is free again after this. */
  readonly leaseMs: number
}

export interface RedisConnections extends Guarded {
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
  /** @throws UnavailableError when the line is full, the wait was too long, the deadline passed or Redis is away */
  acquire(deadline: Deadline): Promise<Lease>
  close(): Promise<void>
}

/**
 * One semaphore over all processes that share a Redis, first come first served. A process hears of its turn by a
 * message, or by the answer to the script that made it possible; when the subscription was interrupted, everybody who
 * waits asks again.
 */
export function createDistributedSemaphore(
  { redis, subscribe, runId, keys, breaker = createRedisBreaker() }: RedisConnections,
  options: DistributedSemaphoreOptions,
): DistributedSemaphore {
  const processId = randomUUID()
  const subscriber = subscribe()
  const scriptKeys = (['holders', 'line', 'arrivals', 'processes'] as const).map((part) => keys.semaphore(part))
  const shared = [options.limit, options.leaseMs, keys.semaphoreChannel('')]
  const line = createWaitingLine<number>(options.maxWaitMs)
  const waiters = new Map<string, Waiter<number>>()
  /** Asked and not answered yet: token → when it was admitted (ms, Redis's clock) if the message overtook the answer. */
  const asking = new Map<string, number | undefined>()
  let inUse = 0
  let serial = 0
  let heartbeat: NodeJS.Timeout | undefined

  function tell(token: string, grantedAt: number): void {
    waiters.get(token)?.admit(grantedAt)
    if (asking.has(token)) asking.set(token, grantedAt)
  }

  /** Whoever got a place and was not told hears of it here: messages between a cluster's nodes can be lost. */
  async function beat(): Promise<void> {
    const reply = await HEARTBEAT.run(redis, scriptKeys, [...shared, processId, DEAD_AFTER_MS])
    // Token and time in turn.
    const places = reply as (string | number)[]
    for (let index = 0; index < places.length; index += 2) tell(String(places[index]), Number(places[index + 1]))
  }

  const exchange = createExchange(
    (args) => breaker.run(() => EXCHANGE.run(redis, scriptKeys, [...shared, processId, options.maxWaiting, ...args])),
    tell,
  )
  // A place that cannot be given back now comes free with its lease.
  const giveBack = (token: string) => exchange.giveBack(token).catch(() => {})

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

  async function takeTurn(token: string, deadline: Deadline): Promise<Lease> {
    asking.set(token, undefined)
    const answer = await exchange.ask(token)
    if (answer.grantedAt > 0) return createLease(token, answer, answer.grantedAt)
    if (answer.grantedAt < 0) throw new UnavailableError(`${options.maxWaiting} requests wait already`)
    const admittedAt = asking.get(token)
    if (admittedAt !== undefined) return createLease(token, answer, admittedAt)
    const waiter = line.join(deadline)
    waiters.set(token, waiter)
    return createLease(token, answer, await waiter.turn)
  }

  /** Messages sent while the subscription was down are gone: ask again for everybody who waits. */
  async function askAgain(): Promise<void> {
    const askFor = async (token: string) => {
      const { grantedAt } = await exchange.ask(token)
      if (grantedAt > 0) tell(token, grantedAt)
    }
    await Promise.all(Array.from(waiters.keys(), askFor))
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
        const [grantedAt, ...tokens] = message.split(' ')
        for (const token of tokens) tell(token, Number(grantedAt))
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
    async acquire(deadline) {
      if (deadline.remainingMs() <= 0) throw new UnavailableError('The request ended before it got a place')
      const token = `${processId}:${++serial}`
      try {
        return await takeTurn(token, deadline)
      } catch (error) {
        void giveBack(token)
        if (error instanceof UnavailableError) throw error
        throw new UnavailableError('Redis cannot be asked for a place', { cause: error })
      } finally {
        asking.delete(token)
        waiters.delete(token)
      }
    },
    async close() {
      clearInterval(heartbeat)
      exchange.flush()
      await redis.zrem(keys.semaphore('processes'), processId).catch(() => {})
      subscriber.disconnect()
    },
  }
}
