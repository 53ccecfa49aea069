import { setTimeout as sleep } from 'node:timers/promises'

export interface Closers {
  /** Closed in the opposite order of opening. */
  add(close: () => unknown): void
  /** Takes every step, also when one before it failed. */
  close(): Promise<void>
}

/** What was opened so far: closed at the end, or when something that comes later cannot be opened. */
export function createClosers(): Closers {
  const steps: (() => unknown)[] = []
  return {
    add: (close) => void steps.push(close),
    async close() {
      for (const step of steps.splice(0).reverse())
        await Promise.resolve()
          .then(step)
          .catch(() => {})
    },
  }
}

/** Waits for the end of something that closes, whatever its outcome, but no longer than this. */
export async function settleWithin(timeoutMs: number, closing: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  const settled = closing.then(
    () => {},
    () => {},
  )
  const tooLate = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {})
  await Promise.race([settled, tooLate])
  timer.abort()
}
