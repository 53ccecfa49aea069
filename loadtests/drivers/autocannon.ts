import autocannon, { type Instance, type Options } from 'autocannon'
import { type AttachedClient, attachClient, type RequestSource } from './autocannon-client.ts'
import { type CheckedLoadSpec, type Driver, loadSpecSchema } from './driver.ts'
import { createLoadRecorder } from './load-recorder.ts'
import type { Answer, OutgoingRequest, Recipe, Script } from './recipes/recipe.ts'
import { createRecipe } from './recipes/registry.ts'
import { formatFor } from './recipes/request-text.ts'

/** When autocannon looks whether all connections are done, in milliseconds. */
const SAMPLE_INTERVAL_MS = 50
/** Answers that are still under way when a load is interrupted are awaited for so long. */
const GRACE_AFTER_ABORT_MS = 2_000
/** autocannon's own end, which ours always comes before. */
const A_DAY_SECONDS = 86_400

/**
 * Closed loop with autocannon: each connection serves one person at a time, think times included. Latencies are kept by ourselves, in microseconds, and its own histogram is not read: that
 * has steps of 1 ms, and under a rate (none is ever set here) it is corrected by seconds taken for milliseconds. At the
 * end no connection is cut: what is under way may still be answered within the timeout, so that few outcomes stay unknown.
 */
export function createAutocannonDriver(): Driver {
  return {
    async load(unchecked, { onProgress, signal } = {}) {
      const spec = loadSpecSchema.parse(unchecked)
      const recipe = createRecipe(spec.requests)
      const crowd = createCrowd(Math.min(spec.people ?? Number.POSITIVE_INFINITY, recipe.mostPeople))
      const format = formatFor(spec.url)
      const recorder = createLoadRecorder(spec.answers_file, recipe)
      const progress = setInterval(() => onProgress?.(recorder.takeProgress()), 1000)
      const clients: AttachedClient[] = []
      const run = start({
        url: spec.url,
        connections: Math.min(spec.connections, spec.people ?? spec.connections),
        duration: A_DAY_SECONDS,
        timeout: spec.timeout_seconds,
        sampleInt: SAMPLE_INTERVAL_MS,
        skipAggregateResult: true,
        setupClient: (client) => {
          clients.push(attachClient(client, connect(recipe, crowd, format), recorder))
        },
      })
      const close = () => {
        recorder.endAt(performance.now())
        crowd.close()
      }
      const end = scheduleEnd(spec, close, () => run.instance.stop(), signal)
      try {
        await run.done
      } finally {
        clearInterval(progress)
        end.cancel()
      }
      for (const client of clients) client.giveUp()
      onProgress?.(recorder.takeProgress())
      return { ...(await recorder.finish()), wire_bytes: sumOf(clients.map(({ wireBytes }) => wireBytes)) }
    },
  }
}

function sumOf(all: readonly AttachedClient['wireBytes'][]): AttachedClient['wireBytes'] {
  const total = (direction: 'sent' | 'received') => all.reduce((sum, bytes) => sum + bytes[direction], 0)
  return { sent: total('sent'), received: total('received') }
}

function start(options: Options): { instance: Instance; done: Promise<void> } {
  let end: (error: unknown) => void = () => undefined
  const done = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve())
  })
  return { instance: autocannon(options, end), done }
}

/** People come one after another; each connection serves one of them at a time. */
interface Crowd {
  /** The number of the next person, from 1; null when nobody comes any more. */
  next(): number | null
  readonly isClosed: boolean
  /** Nobody comes any more, and whoever is there sends nothing more. */
  close(): void
}

function createCrowd(people: number): Crowd {
  let last = 0
  let isClosed = false
  return {
    next: () => (isClosed || last >= people ? null : ++last),
    get isClosed() {
      return isClosed
    },
    close: () => {
      isClosed = true
    },
  }
}

/** The requests of one connection. */
function connect(recipe: Recipe, crowd: Crowd, format: RequestSource['format']): RequestSource {
  let script: Script | undefined
  const next = (answer: Answer): OutgoingRequest | null => {
    for (;;) {
      const step = crowd.isClosed ? undefined : script?.next(answer)
      if (step && !step.done) return step.value
      const person = crowd.next()
      if (person === null) return null
      script = recipe.visit(person)
    }
  }
  return {
    next,
    format,
    get isClosed() {
      return crowd.isClosed
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
