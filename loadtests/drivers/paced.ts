import { setTimeout as sleep } from 'node:timers/promises'
import { isLevel } from './arrivals.ts'
import { type CheckedLoadSpec, type Driver, loadSpecSchema, type Schedule } from './driver.ts'
import { buildHistogram, encodeHistogram, toMicroseconds } from './histogram.ts'
import { createHttpConnections } from './http-connections.ts'
import { createLoadRecorder, type LoadRecorder } from './load-recorder.ts'
import { createPacer, LEAD_MS, type Pacer } from './pacer.ts'
import { createRecipe } from './recipes/registry.ts'
import { formatFor } from './recipes/request-text.ts'
import { createVisitors, type Visitors } from './visitors.ts'

/** Answers that are still under way when a load is interrupted are awaited for so long. */
const GRACE_AFTER_ABORT_MS = 2_000
/** Connections are looked at in intervals, so that a time-out may come so much later. */
const TIMEOUT_SLACK_MS = 1_500

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
      const recorder = createLoadRecorder(spec.answers_file, recipe, isLevel(arrivals))
      const lag = buildHistogram()
      const connections = createHttpConnections(spec.url, spec.connections, spec.timeout_seconds * 1000)
      const noteLag = (lagMs: number) => lag.recordValue(toMicroseconds(lagMs))
      const visitors = createVisitors(connections, formatFor(spec.url), recorder, noteLag)
      const progress = setInterval(() => onProgress?.(recorder.takeProgress()), 1000)
      let scheduled = 0
      const come = (intendedAt: number) => {
        if (scheduled < recipe.mostPeople) visitors.come(recipe.visit(++scheduled), intendedAt)
      }
      const beginAt = performance.now() + LEAD_MS
      recorder.begin(beginAt)
      recorder.endAt(beginAt + 1_000 * seconds)
      let beganAtMs: number
      try {
        beganAtMs = await pacer.run(arrivals, seconds, come, signal, beginAt)
        if (signal?.aborted) recorder.endAt(performance.now())
        idlePacers.push(pacer)
        await finishVisits(visitors, recorder, spec, signal)
      } finally {
        clearInterval(progress)
        connections.close()
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
