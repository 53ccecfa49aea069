import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Arrivals, arrivalTimes } from './arrivals.ts'
import type { PacerData, PacerMessage } from './pacer-thread.ts'

/** From the word to the thread until the first one comes. */
const LEAD_MS = 5

export interface Pacer {
  /** Begins. Calls `onArrival` at each moment of arrival with that moment by `performance.now()`, in their order. */
  begin(onArrival: (intendedAt: number) => void): void
  /** Resolves when everybody has come, or when it was stopped; rejects when its thread failed. */
  readonly done: Promise<void>
  /** Nobody comes any more. */
  stop(): Promise<void>
}

/**
 * Tells when people come. Timers of Node are up to a millisecond late, which would send in bursts; a thread that waits on
 * a futex is woken within microseconds and costs nothing while it waits. When this thread was busy, all that are due by
 * then come at once, each with its own moment, so that their lag is known.
 */
export async function createPacer(arrivals: Arrivals, seconds: number): Promise<Pacer> {
  const entry = new URL('./pacer-thread.ts', import.meta.url).href
  const thread = new Worker(new URL('./typescript-thread.js', import.meta.url), {
    workerData: { entry, arrivals, seconds } satisfies PacerData & { entry: string },
  })
  const times = arrivalTimes(arrivals, seconds)
  let due = times.next()
  let comeDue = () => {}
  const done = once(thread, 'exit').then(() => comeDue())
  done.catch(() => undefined)
  thread.on('message', (message: PacerMessage) => message === 'due' && comeDue())
  await Promise.race([once(thread, 'message'), done])
  return {
    begin(onArrival) {
      const beganAt = performance.now() + LEAD_MS
      thread.postMessage(process.hrtime.bigint() + BigInt(LEAD_MS * 1e6))
      comeDue = () => {
        const now = performance.now()
        for (; !due.done && beganAt + due.value <= now; due = times.next()) onArrival(beganAt + due.value)
      }
    },
    done,
    async stop() {
      due = { done: true, value: undefined }
      await thread.terminate()
    },
  }
}
