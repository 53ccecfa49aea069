import { describe, expect, test, vi } from 'vitest'
import { UnavailableError } from '../errors.ts'
import { createSemaphore, type SemaphoreOptions } from './semaphore.ts'

const endingWith = (signal: AbortSignal) => ({ remainingMs: () => 10_000, signal })
const never = () => endingWith(new AbortController().signal)
const create = (options: Partial<SemaphoreOptions> = {}) =>
  createSemaphore({ limit: 1, maxWaitMs: 10_000, maxWaiting: 100, ...options })

describe('the semaphore of one process', () => {
  test('lets no more in than its limit', async () => {
    const semaphore = create({ limit: 3 })
    let inside = 0
    let most = 0
    const visit = async () => {
      const release = await semaphore.acquire(never())
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
      release()
    }
    await Promise.all(Array.from({ length: 30 }, visit))
    expect(most).toBe(3)
    expect(semaphore).toMatchObject({ inUse: 0, waiting: 0 })
  })

  test('serves in order of arrival, and nobody overtakes', async () => {
    const semaphore = create()
    const order: number[] = []
    const first = await semaphore.acquire(never())
    const waiting = [1, 2, 3].map(async (n) => {
      const release = await semaphore.acquire(never())
      order.push(n)
      release()
    })
    first()
    const late = semaphore.acquire(never()).then((release) => {
      order.push(4)
      release()
    })
    await Promise.all([...waiting, late])
    expect(order).toEqual([1, 2, 3, 4])
  })

  test('a place that is given back twice is one place', async () => {
    const semaphore = create()
    const release = await semaphore.acquire(never())
    release()
    release()
    await semaphore.acquire(never())
    expect(semaphore.inUse).toBe(1)
  })

  test('who waits too long, or comes to a full line, is refused', async () => {
    vi.useFakeTimers()
    const semaphore = create({ maxWaitMs: 50, maxWaiting: 1 })
    await semaphore.acquire(never())
    const waiting = expect(semaphore.acquire(never())).rejects.toThrow('No place became free within 50 ms')
    await expect(semaphore.acquire(never())).rejects.toThrow('1 requests wait already')
    await vi.advanceTimersByTimeAsync(50)
    await waiting
    expect(semaphore).toMatchObject({ inUse: 1, waiting: 0 })
    vi.useRealTimers()
  })

  test('a client that went away leaves the line, and its turn goes to the next', async () => {
    const semaphore = create()
    const release = await semaphore.acquire(never())
    const gone = new AbortController()
    const leaving = semaphore.acquire(endingWith(gone.signal))
    const next = semaphore.acquire(never())
    gone.abort()
    await expect(leaving).rejects.toThrow(UnavailableError)
    release()
    ;(await next)()
    expect(semaphore).toMatchObject({ inUse: 0, waiting: 0 })
  })

  test('whoever went away in the moment before its turn is passed over', async () => {
    const semaphore = create()
    const release = await semaphore.acquire(never())
    const gone = new AbortController()
    const left = expect(semaphore.acquire(endingWith(gone.signal))).rejects.toThrow(UnavailableError)
    const next = semaphore.acquire(never())
    gone.abort()
    release()
    ;(await next)()
    await left
    expect(semaphore).toMatchObject({ inUse: 0, waiting: 0 })
  })
})
