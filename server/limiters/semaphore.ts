import { UnavailableError } from '../errors.ts'
import type { Deadline } from './limiter.ts'

export interface SemaphoreOptions {
  /** Places that can be held at once. */
  readonly limit: number
  /** Longest wait for a place. */
  readonly maxWaitMs: number
  /** Longest line. */
  readonly maxWaiting: number
}

export interface Semaphore {
  readonly inUse: number
  readonly waiting: number
  /**
   * Waits for a place, first come first served; the returned function gives it back.
   * @throws UnavailableError when the line is full, the wait was too long, the deadline passed or the client went away
   */
  acquire(deadline: Deadline): Promise<() => void>
}

/**
 * How often the line is looked over for those who waited too long or went away. Whoever gets a place sooner costs
 * neither a timer nor a signal.
 */
const LOOK_MS = 10

interface Waiter {
  readonly deadline: Deadline
  readonly giveUpAt: number
  readonly admit: (release: () => void) => void
  readonly refuse: (error: UnavailableError) => void
  isWatched: boolean
}

/** A counting semaphore for one process. Places are handed over to the head of the line, so nobody can overtake. */
export function createSemaphore(options: SemaphoreOptions): Semaphore {
  const line = new Set<Waiter>()
  let inUse = 0
  let looking: NodeJS.Timeout | undefined

  function createRelease(): () => void {
    let released = false
    return () => {
      if (released) return
      released = true
      const next = line.values().next().value
      if (next === undefined) {
        inUse--
        return
      }
      line.delete(next)
      next.admit(createRelease())
    }
  }

  const refuse = (why: string) => Promise.reject(new UnavailableError(why))

  function leave(waiter: Waiter, why: string): void {
    if (line.delete(waiter)) waiter.refuse(new UnavailableError(why))
  }

  function watch(waiter: Waiter): void {
    waiter.isWatched = true
    const { signal } = waiter.deadline
    const onAbort = () => leave(waiter, 'The request ended while it waited for a place')
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  }

  function look(): void {
    const now = performance.now()
    for (const waiter of line) {
      if (now >= waiter.giveUpAt) leave(waiter, `No place became free within ${options.maxWaitMs} ms`)
      else if (!waiter.isWatched) watch(waiter)
    }
    if (line.size > 0) return
    clearInterval(looking)
    looking = undefined
  }

  function stand(deadline: Deadline): Promise<() => void> {
    looking ??= setInterval(look, LOOK_MS)
    const giveUpAt = performance.now() + options.maxWaitMs
    return new Promise((admit, refuse) => line.add({ deadline, giveUpAt, admit, refuse, isWatched: false }))
  }

  return {
    get inUse() {
      return inUse
    },
    get waiting() {
      return line.size
    },
    // Not async: a promise of a promise would be settled three turns later.
    acquire(deadline) {
      if (deadline.remainingMs() <= 0) return refuse('The request ended before it got a place')
      if (inUse < options.limit) {
        inUse++
        return Promise.resolve(createRelease())
      }
      if (line.size >= options.maxWaiting) return refuse(`${line.size} requests wait already`)
      return stand(deadline)
    },
  }
}
