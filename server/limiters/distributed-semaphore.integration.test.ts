import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { UnavailableError } from '../errors.ts'
import { connectRedis, connectSubscriber } from '../redis/connect.ts'
import { createKeys } from '../redis/keys.ts'
import { type RunId, trackRunId } from '../redis/run-id.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createDistributedSemaphore, type DistributedSemaphoreOptions, type Lease } from './distributed-semaphore.ts'

const OPTIONS: DistributedSemaphoreOptions = { limit: 1, maxWaitMs: 5_000, maxWaiting: 1_000, leaseMs: 5_000 }

describe('the semaphore over all processes', () => {
  let stores: TestStores
  let prefix: string
  let serial = 0
  let closers: (() => Promise<void>)[] = []
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())
  beforeEach(() => {
    prefix = `${stores.keys.mode.split(':')[0]}-${++serial}`
  })
  afterEach(async () => {
    vi.useRealTimers()
    await Promise.all(closers.map((close) => close()))
    closers = []
  })

  async function createProcess(options: Partial<DistributedSemaphoreOptions> = {}, runId?: RunId) {
    const redis = connectRedis(stores.connection)
    const subscriber = connectSubscriber(stores.connection)
    const connections = {
      redis,
      subscribe: () => subscriber,
      runId: runId ?? trackRunId(redis),
      keys: createKeys(prefix, 1),
    }
    await vi.waitUntil(() => redis.status === 'ready', { timeout: 20_000 })
    const semaphore = createDistributedSemaphore(connections, { ...OPTIONS, ...options })
    await semaphore.start()
    const close = async () => {
      await semaphore.close()
      redis.disconnect()
    }
    closers.push(close)
    return { semaphore, redis, subscriber }
  }
  const endingWith = (signal: AbortSignal) => ({ remainingMs: () => 60_000, signal })
  const keyOf = (part: 'holders' | 'line') => createKeys(prefix, 1).semaphore(part)
  const never = endingWith(new AbortController().signal)

  test('a holder that dies frees its place when its lease ends', async () => {
    const [dying, waiting] = await Promise.all([createProcess({ leaseMs: 300 }), createProcess({ leaseMs: 300 })])
    await dying.semaphore.acquire(never)
    dying.redis.disconnect()
    const lease = await waiting.semaphore.acquire(never)
    expect(() => lease.assertHeld()).not.toThrow()
  })

  test('a lost lease is noticed by its holder', async () => {
    const { semaphore } = await createProcess({ leaseMs: 50 })
    const lease = await semaphore.acquire(never)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(() => lease.assertHeld()).toThrow(UnavailableError)
  })

  test('a lease that another Redis gave is lost', async () => {
    const runId = { current: 'first', known: async () => 'first' }
    const { semaphore } = await createProcess({}, runId)
    const lease = await semaphore.acquire(never)
    lease.assertHeld()
    runId.current = 'second'
    expect(() => lease.assertHeld()).toThrow(UnavailableError)
  })

  test("leases end by Redis's clock, not by a process's", async () => {
    const [holder, skewed] = await Promise.all([createProcess(), createProcess({ maxWaitMs: 200 })])
    const lease = await holder.semaphore.acquire(never)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
    await expect(skewed.semaphore.acquire(never)).rejects.toThrow('No place became free within 200 ms')
    lease.assertHeld()
  })

  test('places are given in order of arrival, over both processes', async () => {
    const processes = await Promise.all([createProcess(), createProcess()])
    const order: number[] = []
    const first = await processes[0]?.semaphore.acquire(never)
    const turns: Promise<void>[] = []
    for (let n = 0; n < 6; n++) {
      const { semaphore } = processes[n % 2] ?? processes[0]
      const turn = semaphore.acquire(never).then(async (lease: Lease) => {
        order.push(n)
        await lease.release()
      })
      turns.push(turn)
      // The next one arrives when this one stands in line in Redis.
      await expect.poll(() => stores.redis.zcard(createKeys(prefix, 1).semaphore('line')), { interval: 2 }).toBe(n + 1)
    }
    await first?.release()
    await Promise.all(turns)
    expect(order).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('hundreds at once, from two processes: never more than the limit, and nothing is left behind', async () => {
    const [first, second] = await Promise.all([createProcess({ limit: 3 }), createProcess({ limit: 3 })])
    let most = 0
    const use = async ({ semaphore }: typeof first) => {
      const lease = await semaphore.acquire(never)
      most = Math.max(most, first.semaphore.inUse + second.semaphore.inUse)
      lease.assertHeld()
      await lease.release()
    }
    await Promise.all(Array.from({ length: 600 }, (_, n) => use(n % 2 === 0 ? first : second)))
    expect(most).toBe(3)
    const left = async () =>
      (await Promise.all((['holders', 'line'] as const).map((part) => first.redis.zcard(keyOf(part))))).join()
    await expect.poll(left).toBe('0,0')
  })

  test('an answer that was lost: who asks again keeps the place', async () => {
    const { semaphore, redis } = await createProcess()
    const evalsha = redis.evalsha.bind(redis)
    let lost = 0
    // As a client does that sends a command again.
    redis.evalsha = (async (...args: Parameters<typeof evalsha>) => {
      if (lost++ === 0) await evalsha(...args)
      return evalsha(...args)
    }) as typeof redis.evalsha
    const lease = await semaphore.acquire(never)
    expect(await redis.zcard(keyOf('holders'))).toBe(1)
    expect(await redis.zcard(keyOf('line'))).toBe(0)
    await lease.release()
    await (await semaphore.acquire(never)).release()
  })

  test('a client that went away leaves the line', async () => {
    const { semaphore, redis } = await createProcess()
    const lease = await semaphore.acquire(never)
    const gone = new AbortController()
    const waiting = semaphore.acquire(endingWith(gone.signal))
    await expect.poll(() => redis.zcard(createKeys(prefix, 1).semaphore('line'))).toBe(1)
    gone.abort()
    await expect(waiting).rejects.toThrow('The request ended')
    await expect.poll(() => redis.zcard(createKeys(prefix, 1).semaphore('line'))).toBe(0)
    await lease.release()
    expect(semaphore.inUse).toBe(0)
  })

  test('who comes to a full line is refused at once', async () => {
    const { semaphore } = await createProcess({ maxWaiting: 0 })
    await semaphore.acquire(never)
    await expect(semaphore.acquire(never)).rejects.toThrow('0 requests wait already')
  })

  test('nobody gets a place who died while waiting', async () => {
    const [holder, dead, alive] = await Promise.all([createProcess(), createProcess(), createProcess()])
    const lease = await holder.semaphore.acquire(never)
    dead.semaphore.acquire(never).catch(() => {})
    await expect.poll(() => stores.redis.zcard(createKeys(prefix, 1).semaphore('line'))).toBe(1)
    await dead.semaphore.close()
    dead.redis.disconnect()
    const waiting = alive.semaphore.acquire(never)
    await lease.release()
    await (await waiting).release()
  })

  test('messages that were lost with the subscription are made up for', async () => {
    const { semaphore } = await createProcess()
    const lease = await semaphore.acquire(never)
    const waiting = semaphore.acquire(never)
    await expect.poll(() => stores.redis.zcard(createKeys(prefix, 1).semaphore('line'))).toBe(1)
    await stores.redis.client('KILL', 'TYPE', 'pubsub')
    await lease.release()
    await (await waiting).release()
  })

  test('a message that never came is made up for by the next heartbeat', async () => {
    const { semaphore, subscriber } = await createProcess()
    const lease = await semaphore.acquire(never)
    await subscriber.unsubscribe()
    const waiting = semaphore.acquire(never)
    await expect.poll(() => stores.redis.zcard(createKeys(prefix, 1).semaphore('line'))).toBe(1)
    await lease.release()
    const late = await waiting
    late.assertHeld()
    await late.release()
  })
})
