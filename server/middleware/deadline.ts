import type { Response } from 'express'
import type { Deadline } from '../limiters/limiter.ts'

/**
 * The deadline of a request. The signal is made when it is first asked for: the fastest path never waits on one.
 * Call `clear` when the answer was given.
 */
export function createDeadline(response: Response, timeoutMs: number): Deadline & { clear(): void } {
  const endsAt = performance.now() + timeoutMs
  const remainingMs = () => Math.max(0, endsAt - performance.now())
  let controller: AbortController | undefined
  let timer: NodeJS.Timeout | undefined
  const abort = () => controller?.abort()

  function start(): AbortSignal {
    controller = new AbortController()
    timer = setTimeout(abort, remainingMs())
    response.on('close', abort)
    // Whoever went away before anybody asked is not told of again.
    if (response.destroyed) abort()
    return controller.signal
  }

  return {
    remainingMs,
    get signal() {
      return controller?.signal ?? start()
    },
    clear() {
      clearTimeout(timer)
      response.off('close', abort)
    },
  }
}
