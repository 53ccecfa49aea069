import { UnavailableError } from '../errors.ts'

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
   * @throws UnavailableError when the line is full, the wait was too long or the signal aborted
   */
  acquire(signal: AbortSignal): Promise<() => void>
}

interface Waiter {
  admit(): void
}

/** A counting semaphore for one process. Places are handed over to the head of the line, so nobody can overtake. */
export function createSemaphore(options: SemaphoreOptions): Semaphore {
  const line = new Set<Waiter>()
  let inUse = 0

  function createRelease(): () => void {
    let released = false
    return () => {
      if (released) return
      released = true
      const [next] = line
      if (next === undefined) inUse--
      else next.admit()
    }
  }

  function stand(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const leave = (why: string) => {
        settle()
        reject(new UnavailableError(why))
      }
      const onAbort = () => leave('The request ended while it waited for a place')
      const timer = setTimeout(() => leave(`No place became free within ${options.maxWaitMs} ms`), options.maxWaitMs)
      const waiter: Waiter = {
        admit() {
          settle()
          resolve(createRelease())
        },
      }
      function settle(): void {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        line.delete(waiter)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      line.add(waiter)
    })
  }

  return {
    get inUse() {
      return inUse
    },
    get waiting() {
      return line.size
    },
    async acquire(signal) {
      if (signal.aborted) throw new UnavailableError('The request ended before it got a place')
      if (inUse < options.limit) {
        inUse++
        return createRelease()
      }
      if (line.size >= options.maxWaiting) throw new UnavailableError(`${line.size} requests wait already`)
      return stand(signal)
    },
  }
}
