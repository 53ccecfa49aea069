import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { withResolvers } from '../with-resolvers.ts'
import { type Arrivals, arrivalTimes } from './arrivals.ts'
import { monotonicOffsetMs } from './monotonic.ts'

/** Until the first one may come, so that everything is ready by then. */
export const LEAD_MS = 5
/** The thread is told so many moments at once. */
const MOMENTS_PER_TURN = 64
/** What the thread says in one number: so many moments are due, of the turn times this. */
const FIELD = MOMENTS_PER_TURN + 1

export interface Pacer {
  /**
   * Calls `onArrival` at each moment of arrival with that moment by `performance.now()`, in their order. Resolves when
   * everybody has come, or when it was aborted, with the begin by process.hrtime() in milliseconds. One run at a time.
   * @param beginAt by `performance.now()`, at least LEAD_MS from now
   */
  run(
    arrivals: Arrivals,
    seconds: number,
    onArrival: (intendedAt: number) => void,
    signal?: AbortSignal,
    beginAt?: number,
  ): Promise<number>
}

/**
 * Tells when people come. Timers of Node are up to a millisecond late, which would send in bursts; a thread that waits on
 * a futex is woken within microseconds and costs nothing while it waits. When this thread was busy, all that are due by
 * then come at once, each with its own moment, so that their lag is known. The thread alone says who is due: of two clocks
 * that differ by a microsecond one would wait for the other forever. It lasts as long as the process, and does not keep it.
 */
export async function createPacer(): Promise<Pacer> {
  const turn = new Int32Array(new SharedArrayBuffer(4))
  const moments = new Float64Array(new SharedArrayBuffer(8 * MOMENTS_PER_TURN))
  const thread = new Worker(new URL('./pacer-thread.js', import.meta.url), { workerData: { turn, moments } })
  await once(thread, 'message')
  thread.unref()
  const tell = (planned: readonly number[]) => {
    moments.fill(Number.POSITIVE_INFINITY)
    moments.set(planned)
    Atomics.add(turn, 0, 1)
    Atomics.notify(turn, 0)
  }
  return {
    async run(arrivals, seconds, onArrival, signal, beganAt = performance.now() + LEAD_MS) {
      const { promise: ended, resolve: end, reject: fail } = withResolvers<void>()
      const stop = () => end()
      const offsetMs = monotonicOffsetMs()
      const times = arrivalTimes(arrivals, seconds)
      let planned: number[] = []
      let next = 0
      const beginTurn = () => {
        planned = planTurn(times)
        next = 0
        if (planned.length === 0) end()
        else tell(planned.map((time) => beganAt + time + offsetMs))
      }
      const onWake = (wake: number) => {
        const due = wake - FIELD * Atomics.load(turn, 0)
        if (due < 0 || due >= FIELD) return
        while (next < due) onArrival(beganAt + (planned[next++] as number))
        if (next === planned.length) beginTurn()
      }
      thread.on('message', onWake).once('error', fail)
      signal?.addEventListener('abort', stop)
      if (signal?.aborted) end()
      else beginTurn()
      await ended.finally(() => {
        signal?.removeEventListener('abort', stop)
        thread.off('message', onWake).off('error', fail)
        tell([])
      })
      return beganAt + offsetMs
    },
  }
}

function planTurn(times: Iterator<number, void, void>): number[] {
  const planned: number[] = []
  for (let time = times.next(); !time.done; time = times.next()) {
    planned.push(time.value)
    if (planned.length === MOMENTS_PER_TURN) break
  }
  return planned
}
