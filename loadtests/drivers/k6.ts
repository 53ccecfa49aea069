import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, freemem } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { K6Load } from '../k6/visit.ts'
import { isLevel } from './arrivals.ts'
import { type CheckedLoadSpec, type Driver, loadSpecSchema, type Schedule } from './driver.ts'
import { buildHistogram, encodeHistogram, toMicroseconds } from './histogram.ts'
import { findK6 } from './k6-binary.ts'
import { parseK6Line } from './k6-lines.ts'
import { createLoadRecorder, type LoadRecorder } from './load-recorder.ts'
import { monotonicOffsetMs } from './monotonic.ts'
import { peakRate } from './peak-rate.ts'
import { createRecipe } from './recipes/registry.ts'
import type { RoomSightings } from './recipes/room-sightings.ts'

const SCRIPT = fileURLToPath(new URL('../k6/visit.ts', import.meta.url))
/** k6 needs a VU for everybody who is there at the same time; each costs memory. */
const VU_SECONDS = 2
const FEWEST_VUS = 50
/** A threshold of the script was missed: what was measured is whole. */
const THRESHOLD_MISSED = 99
const GRACE_AFTER_ABORT_MS = 5_000
const MOST_LINES_SAID = 100
/** While Go collects garbage, answers are read late: it waits until it has so many bytes, or a quarter of what is free. */
const COLLECT_AT_BYTES = 2 * 1024 ** 3
/** Of which a VU keeps so many: where they do not leave most of it, Go collects at five times of what is kept. */
const BYTES_PER_VU = 1024 ** 2
/**
 * How many threads of Go run at once (as many as there are cores unless said otherwise). While each of them runs a script,
 * nobody reads the answers that come; the kernel gives an answer's thread a core at once.
 */
const MORE_THREADS = String(8 * availableParallelism())

const summarySchema = z.object({
  metrics: z.object({
    iterations: z.object({ values: z.object({ count: z.number() }) }).optional(),
    dropped_iterations: z.object({ values: z.object({ count: z.number() }) }).optional(),
  }),
})

/**
 * Open loop with k6, which runs the same recipes (loadtests/k6/visit.ts). Its latencies are those of k6, plus, at a
 * constant rate, the time by which an iteration came late. People for whom it had no VU are `dropped`.
 */
export function createK6Driver(): Driver {
  return {
    async load(unchecked, { onProgress, signal } = {}) {
      const spec = loadSpecSchema.parse(unchecked)
      const { command, args } = await findK6()
      const recipe = createRecipe(spec.requests)
      const load = describeLoad(spec)
      const recorder = createLoadRecorder(spec.answers_file, recipe, isLevel(load.arrivals))
      const lag = buildHistogram()
      const loadFile = `${spec.answers_file}.load.json`
      await writeFile(loadFile, JSON.stringify(load))
      const child = start(command, args, loadFile, load.vus)
      const progress = setInterval(() => onProgress?.(recorder.takeProgress()), 1_000)
      const stop = () => {
        recorder.endAt(performance.now())
        stopGently(child)
      }
      signal?.addEventListener('abort', stop, { once: true })
      if (signal?.aborted) stop()
      try {
        const said: string[] = []
        child.stderr?.on('data', (chunk: Buffer) => void said.push(...chunk.toString().trim().split('\n')))
        const ended = once(child, 'close') as Promise<[code: number | null]>
        const begin = (atMs: number) => {
          recorder.begin(atMs)
          recorder.endAt(atMs + 1_000 * load.seconds)
        }
        const reading = readLines(child, said, { ...recorder, begin }, recipe.room, (ms) =>
          lag.recordValue(toMicroseconds(ms)),
        )
        const [beganAtMs, [code]] = await Promise.all([reading, ended])
        if (code !== 0 && code !== THRESHOLD_MISSED && !signal?.aborted)
          throw new Error(`k6 ended with ${code ?? 'a signal'}: ${said.slice(-3).join(' ') || 'it said nothing'}`)
        onProgress?.(recorder.takeProgress())
        const counts = await readCounts(load.summaryFile)
        return await recorder.finish({ ...counts, began_at_ms: beganAtMs, lag_histogram: encodeHistogram(lag) })
      } finally {
        clearInterval(progress)
        signal?.removeEventListener('abort', stop)
        await Promise.all([load.summaryFile, loadFile].map((file) => rm(file, { force: true })))
      }
    },
  }
}

function describeLoad(spec: CheckedLoadSpec): K6Load {
  const { url, requests, arrivals, duration_seconds: seconds, timeout_seconds: timeoutSeconds } = spec
  if (arrivals === undefined || seconds === undefined) throw new RangeError('an open loop needs arrivals')
  if (arrivals.model === 'poisson') throw new RangeError('k6 has no arrivals at random moments: --engine paced has')
  const vus = Math.min(spec.connections, Math.max(FEWEST_VUS, Math.ceil(peakRate(arrivals) * VU_SECONDS)))
  const summaryFile = `${spec.answers_file}.k6.json`
  return { url, requests, arrivals, seconds, timeoutSeconds, vus, summaryFile }
}

/** The load is a file, because it has the data of a scenario in it, which may be larger than a variable can be. */
function start(command: string, args: readonly string[], loadFile: string, vus: number): ChildProcess {
  const own = [
    'run',
    '--quiet',
    '--no-color',
    '--no-usage-report',
    '--log-format',
    'raw',
    '--log-output',
    'stdout',
    SCRIPT,
  ]
  return spawn(command, [...args, ...own], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...collectRarely(vus), GOMAXPROCS: MORE_THREADS, ...process.env, REDLINE_LOAD: loadFile },
  })
}

/** What never comes below its limit would be collected without a pause. */
function collectRarely(vus: number): Record<string, string> {
  const limit = Math.floor(Math.min(COLLECT_AT_BYTES, freemem() / 4))
  return 4 * vus * BYTES_PER_VU <= limit ? { GOGC: 'off', GOMEMLIMIT: String(limit) } : { GOGC: '400' }
}

/** k6 ends after SIGINT with its summary, once its iterations are done. */
function stopGently(child: ChildProcess): void {
  child.kill('SIGINT')
  setTimeout(() => child.kill('SIGKILL'), GRACE_AFTER_ABORT_MS).unref()
}

/**
 * @param said grows by the last lines that are no answers: k6 says there what is wrong
 * @returns when the schedule began, by process.hrtime() in milliseconds; null when no line told
 */
async function readLines(
  child: ChildProcess,
  said: string[],
  recorder: LoadRecorder,
  room: RoomSightings | null,
  onLag: (ms: number) => void,
): Promise<number | null> {
  if (!child.stdout) return null
  // Dates of k6 are rounded down, so that the latest of these moments is the nearest to the truth.
  let beganAtMs = Number.NEGATIVE_INFINITY
  let isFirst = true
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parseK6Line(text)
    if (line === null && said.push(text) > MOST_LINES_SAID) said.shift()
    if (line?.kind === 'room' && room !== null) join(room, line.room)
    if (line?.kind !== 'answer') continue
    const { request, status, reason, body, latencyMs, lagMs, atMs, beganAtLeastMs } = line
    // Until here k6 made its VUs, which is no part of the load.
    if (isFirst) recorder.begin(beganAtLeastMs ?? atMs - latencyMs)
    isFirst = false
    beganAtMs = Math.max(beganAtMs, beganAtLeastMs ?? beganAtMs)
    if (lagMs !== null) onLag(lagMs)
    if (reason === null) recorder.answered(request, status, body, latencyMs, atMs)
    else recorder.lost(request, reason, atMs)
  }
  return Number.isFinite(beganAtMs) ? beganAtMs + monotonicOffsetMs() : null
}

function join(all: RoomSightings, seen: RoomSightings): void {
  all.entered.push(...seen.entered)
  all.entered_again.push(...seen.entered_again)
  all.passes.push(...seen.passes)
  all.accepted_without_pass.push(...seen.accepted_without_pass)
  all.lost_enters += seen.lost_enters
  all.tried_without_pass += seen.tried_without_pass
}

async function readCounts(file: string): Promise<Pick<Schedule, 'scheduled' | 'sent' | 'dropped'>> {
  const { metrics } = summarySchema.parse(JSON.parse(await readFile(file, 'utf8')))
  const [sent, dropped] = [metrics.iterations?.values.count ?? 0, metrics.dropped_iterations?.values.count ?? 0]
  return { scheduled: sent + dropped, sent, dropped }
}
