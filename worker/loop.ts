import { setTimeout as sleep } from 'node:timers/promises'

export interface LoopOptions {
  /** One round of work. @returns true when there may be more to do at once */
  readonly round: () => Promise<boolean>
  /** Pause after a round that found nothing. */
  readonly idleMs: number
  readonly onError: (error: unknown) => void
}

/** Work that goes on round after round until it is paused or stopped. A round that fails is followed by a pause. */
export interface Loop {
  /** Resolves when the round under way has ended. */
  pause(): Promise<void>
  resume(): void
  /** As `pause`, for good. */
  stop(): Promise<void>
}

const PAUSE_AFTER_ERROR_MS = 500

export function startLoop({ round, idleMs, onError }: LoopOptions): Loop {
  let wanted = false
  let stopped = false
  let running = Promise.resolve()
  let nap = new AbortController()

  async function run(): Promise<void> {
    while (wanted) {
      const rest = await round().then(
        (more) => (more ? 0 : idleMs),
        (error: unknown) => {
          onError(error)
          return PAUSE_AFTER_ERROR_MS
        },
      )
      if (rest > 0 && wanted) await sleep(rest, undefined, { signal: nap.signal }).catch(() => {})
    }
  }

  function resume(): void {
    if (wanted || stopped) return
    wanted = true
    nap = new AbortController()
    running = running.then(run)
  }

  async function pause(): Promise<void> {
    wanted = false
    nap.abort()
    await running
  }

  resume()
  return {
    pause,
    resume,
    async stop() {
      stopped = true
      await pause()
    },
  }
}
