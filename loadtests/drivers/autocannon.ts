import autocannon, { type Instance, type Options } from 'autocannon'
import { attachClient } from './autocannon-client.ts'
import { type CheckedLoadSpec, type Driver, loadSpecSchema } from './driver.ts'
import { createLoadRecorder } from './load-recorder.ts'
import { createRedeemRequests } from './redeem-requests.ts'

/** When autocannon looks whether all connections are done, in milliseconds. */
const SAMPLE_INTERVAL_MS = 50
/** Answers that are still under way when a load is interrupted are awaited for so long. */
const GRACE_AFTER_ABORT_MS = 2_000
/** autocannon's own end, which ours always comes before. */
const A_DAY_SECONDS = 86_400

/**
 * Closed loop with autocannon. Latencies are kept by ourselves, in microseconds, and its own histogram is not read: that
 * has steps of 1 ms, and under a rate (none is ever set here) it is corrected by seconds taken for milliseconds. At the
 * end no connection is cut: what is under way may still be answered within the timeout, so that few outcomes stay unknown.
 */
export function createAutocannonDriver(): Driver {
  return {
    async load(unchecked, { onProgress, signal } = {}) {
      const spec = loadSpecSchema.parse(unchecked)
      const recorder = createLoadRecorder(spec.answers_file)
      const progress = setInterval(() => onProgress?.(recorder.takeProgress()), 1000)
      const requests = createRequestSource(spec)
      const clients: ReturnType<typeof attachClient>[] = []
      const run = start({
        url: spec.url,
        connections: Math.min(spec.connections, spec.amount ?? spec.connections),
        duration: A_DAY_SECONDS,
        timeout: spec.timeout_seconds,
        sampleInt: SAMPLE_INTERVAL_MS,
        skipAggregateResult: true,
        setupClient: (client) => {
          clients.push(attachClient(client, requests, recorder, spec.timeout_seconds * 1000))
        },
      })
      const end = scheduleEnd(spec, requests.close, () => run.instance.stop(), signal)
      try {
        await run.done
      } finally {
        clearInterval(progress)
        end.cancel()
      }
      for (const client of clients) client.giveUp()
      onProgress?.(recorder.takeProgress())
      return recorder.finish()
    },
  }
}

function start(options: Options): { instance: Instance; done: Promise<void> } {
  let end: (error: unknown) => void = () => undefined
  const done = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve())
  })
  return { instance: autocannon(options, end), done }
}

/** Gives requests until the amount is reached or it is closed. */
function createRequestSource(spec: CheckedLoadSpec) {
  const next = createRedeemRequests(spec)
  let left = spec.amount ?? Number.POSITIVE_INFINITY
  return {
    next: () => (left-- > 0 ? next() : null),
    close: () => {
      left = 0
    },
  }
}

/** First no more requests are given out; connections whose answer does not come in time are cut. */
function scheduleEnd(spec: CheckedLoadSpec, closeSource: () => void, cut: () => void, signal?: AbortSignal) {
  const timers: NodeJS.Timeout[] = []
  const end = (graceMs: number) => {
    closeSource()
    timers.push(setTimeout(cut, graceMs))
  }
  const onAbort = () => end(GRACE_AFTER_ABORT_MS)
  if (spec.duration_seconds !== undefined) {
    timers.push(setTimeout(end, spec.duration_seconds * 1000, spec.timeout_seconds * 1000))
  }
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  return {
    cancel() {
      timers.forEach(clearTimeout)
      signal?.removeEventListener('abort', onAbort)
    },
  }
}
