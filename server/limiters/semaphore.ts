import { UnavailableError } from '../errors.ts'
import type { Deadline } from './limiter.ts'
import { createWaitingLine } from './waiting-line.ts'

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

/** A counting semaphore for one process. Places are handed over to the head of the line, so nobody can overtake. */
export function createSemaphore(options: SemaphoreOptions): Semaphore {
  const line = createWaitingLine<() => void>(options.maxWaitMs)
  let inUse = 0

  function createRelease(): () => void {
    let released = false
    return () => {
      if (released) return
      released = true
      for (let next = line.head(); next !== undefined; next = line.head()) if (next.admit(createRelease())) return
      inUse--
    }
  }

  const refuse = (why: string) => Promise.reject(new UnavailableError(why))

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
      return line.join(deadline).turn
    },
  }
}
