import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { type CheckedLoadSpec, type Driver, loadSpecSchema, type Schedule } from './driver.ts'
import { buildHistogram, encodeHistogram, toMicroseconds } from './histogram.ts'
import { createLoadRecorder, type LoadRecorder } from './load-recorder.ts'
import { createPacer, type Pacer } from './pacer.ts'
import { createRecipe } from './recipes/registry.ts'
import { createVisitors, type Visitors } from './visitors.ts'

/** Answers that are still under way when a load is interrupted are awaited for so long. */
const GRACE_AFTER_ABORT_MS = 2_000
/** undici looks at its time-outs so often at most. */
const TIMEOUT_SLACK_MS = 1_500
const CONNECT_TIMEOUT_MS = 5_000
/** Shorter than Node's servers keep an idle connection, so that none is used just as it is closed. */
const KEEP_ALIVE_MS = 3_000

/**
 * Open loop: people come at their moments, whoever waits, and each latency counts from the moment at which its request was
 * to be sent. A pause of the server, of a connection or of this generator thus delays nobody unseen. What was still to
 * be sent when the time was over counts as an error (`not_sent`).
 */
export function createPacedDriver(): Driver {
  const idlePacers: Pacer[] = []
  return {
    async load(unchecked, { onProgress, signal } = {}) {
      const spec = loadSpecSchema.parse(unchecked)
      const { arrivals, duration_seconds: seconds } = spec
      if (arrivals === undefined || seconds === undefined) throw new RangeError('an open loop needs arrivals')
      const recipe = createRecipe(spec.requests)
      const pacer = idlePacers.pop() ?? (await createPacer())
      const recorder = createLoadRecorder(spec.answers_file, recipe)
      const lag = buildHistogram()
      const pool = openPool(spec)
      const visitors = createVisitors(pool, recorder, (lagMs) => lag.recordValue(toMicroseconds(lagMs)))
      const progress = setInterval(() => onProgress?.(recorder.takeProgress()), 1000)
      let scheduled = 0
      const come = (intendedAt: number) => {
        if (scheduled < recipe.mostPeople) visitors.come(recipe.visit(++scheduled), intendedAt)
      }
      let beganAtMs: number
      try {
        beganAtMs = await pacer.run(arrivals, seconds, come, signal)
        idlePacers.push(pacer)
        await finishVisits(visitors, recorder, spec, signal)
      } finally {
        clearInterval(progress)
        await pool.destroy()
      }
      onProgress?.(recorder.takeProgress())
      return recorder.finish({
        ...describe(scheduled, visitors),
        began_at_ms: beganAtMs,
        lag_histogram: encodeHistogram(lag),
      })
    },
  }
}

function openPool({ url, connections, timeout_seconds: timeout }: CheckedLoadSpec): Pool {
  return new Pool(url, {
    connections,
    pipelining: 1,
    headersTimeout: timeout * 1000,
    bodyTimeout: timeout * 1000,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
  })
}

/** What is under way may still be answered; nobody begins with anything more. */
async function finishVisits(
  visitors: Visitors,
  recorder: LoadRecorder,
  spec: CheckedLoadSpec,
  signal: AbortSignal | undefined,
): Promise<void> {
  visitors.close()
  const ended = new AbortController()
  const within = (ms: number) => sleep(ms, undefined, { signal: ended.signal }).catch(() => undefined)
  const aborted = new Promise<void>((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { signal: ended.signal })
  })
  await Promise.race([
    visitors.allLeft(),
    within(spec.timeout_seconds * 1000 + TIMEOUT_SLACK_MS),
    aborted.then(() => within(GRACE_AFTER_ABORT_MS)),
  ])
  ended.abort()
  for (const { request, isSent } of visitors.giveUp()) recorder.lost(request, isSent ? 'unanswered' : 'not_sent')
}

function describe(scheduled: number, visitors: Visitors): Pick<Schedule, 'scheduled' | 'sent' | 'dropped'> {
  const sent = scheduled - visitors.neverSent()
  return { scheduled, sent, dropped: scheduled - sent }
}
