import { execFile } from 'node:child_process'
import { get as getPlain } from 'node:http'
import { get as getByTls } from 'node:https'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { readCalibration } from '../calibrate/calibration-file.ts'
import { startGenerator } from '../drivers/generator.ts'
import { UnreachableError, UsageError } from '../errors.ts'
import { describeEnvironment } from '../measure/environment.ts'
import { loadBare } from '../measure/load-bare.ts'
import { loadCeiling } from '../measure/load-ceiling.ts'
import { addPrometheus } from '../measure/query-prometheus.ts'
import { completeTrial } from '../measure/run-trial.ts'
import type { Judged, LoadContext, TrialPosition } from '../measure/trial-context.ts'
import type { ProgressReport } from '../report/progress.ts'
import { type InvariantResult, type Plan, RUN_SCHEMA, type Run } from '../run-file.ts'
import { neverSettled } from '../sut/child.ts'
import { findProgram, isExecutable } from '../sut/find-program.ts'
import { clearAfterKilled } from '../sut/leftovers.ts'
import { createRunDirectory } from '../sut/run-directory.ts'
import { withResolvers } from '../with-resolvers.ts'
import type { LoadedScenario } from './load-scenario-file.ts'
import { measureRounds } from './measure-rounds.ts'

const run = promisify(execFile)
const VERIFY_TIMEOUT_MS = 600_000
const VERIFY_MOST_BYTES = 64 * 1024 ** 2
const FOREIGN = { version: 'not ours to know', settings: {} }

export interface TargetParts {
  /** Of the scenario file. */
  readonly path: string
  readonly url: string
  readonly plan: Plan
  readonly runId: string
  readonly directory: string
  readonly repeatWith: string
  readonly loaded: LoadedScenario
  readonly progress: ProgressReport
  readonly signal: AbortSignal
}

/** Loads somebody's own target in rounds, beside the bare route. @returns the run, also when it was interrupted */
export async function runTarget(parts: TargetParts): Promise<Run> {
  const { plan, signal, progress } = parts
  refuseMissingCommand(parts)
  await refuseSilence(parts.url)
  await clearAfterKilled(progress.say)
  const directory = createRunDirectory(parts.runId)
  try {
    const generator = await startGenerator(directory, signal)
    try {
      const scenario = { workload: () => ({ requests: parts.loaded.requests }) }
      return await measure(parts, { plan, scenario, generator, directory, signal, onSample: progress.sample })
    } finally {
      await generator.stop()
    }
  } finally {
    await directory.remove()
  }
}

/** Otherwise it would be told after the first load. */
function refuseMissingCommand({ loaded: { file }, path }: TargetParts): void {
  const [command] = file.verify ?? []
  if (command === undefined) return
  const isFile = command.includes('/')
  if (isFile ? isExecutable(resolve(dirname(path), command)) : findProgram([command]) !== null) return
  const where = isFile ? 'is no program that can be run' : 'is not on the PATH'
  throw new UsageError(`${path}: verify: "${command}" ${where}.`)
}

/** Any answer will do: which paths there are is the scenario's business, and where they lead may be somebody else's. */
async function refuseSilence(url: string): Promise<void> {
  const { promise: answered, resolve, reject } = withResolvers<void>()
  const get = url.startsWith('https:') ? getByTls : getPlain
  get(url, { signal: AbortSignal.timeout(5_000), agent: false }, (response) => {
    response.destroy()
    resolve()
  }).once('error', (cause: NodeJS.ErrnoException) => {
    const why = cause.message || cause.code
    reject(new UnreachableError(`${url} does not answer (${why}): is the target running?`, { cause }))
  })
  return answered
}

async function measure(parts: TargetParts, context: LoadContext): Promise<Run> {
  return measureRounds(await describeRun(parts), parts, (position) =>
    completeTrial(context, position, () => measureSubject(parts, context, position)),
  )
}

async function describeRun({ plan, runId, directory, repeatWith, url }: TargetParts): Promise<Run> {
  return {
    schema: RUN_SCHEMA,
    run_id: runId,
    command: 'load',
    repeat_with: repeatWith,
    started_at: new Date().toISOString(),
    finished_at: null,
    status: 'running',
    environment: await describeEnvironment(FOREIGN, FOREIGN, [`target: ${url}`]),
    plan,
    stopped_because: null,
    calibration: await readCalibration(join(dirname(directory), 'calibration.json')),
    harness_peak_rss_bytes: 0,
    trials: [],
  }
}

async function measureSubject(parts: TargetParts, context: LoadContext, position: TrialPosition): Promise<Judged> {
  if (position.mode === 'ceiling') return loadCeiling(context, position)
  const { prometheus } = parts.loaded.file
  const beganAtMs = Date.now()
  const judged = await loadBare(context, position, {
    url: parts.url,
    rateFactor: 1,
    roots: {},
    died: neverSettled(),
    keepsPart: true,
  })
  const samples = prometheus
    ? await addPrometheus(judged.samples, beganAtMs, prometheus, parts.progress.say)
    : judged.samples
  const { invariants, failure } = await verify(parts)
  return { ...judged, samples, invariants, ...(failure !== null && { status: 'failed', failure }) }
}

/** What the team's own command says of the target. */
interface Verified {
  readonly invariants: InvariantResult[]
  /** Why it said nothing; null when it did, or when there is none. */
  readonly failure: string | null
}

/** The team's own command in place of the ledger's invariants; its last line says what broke. */
async function verify({ loaded: { file }, path, url, signal }: TargetParts): Promise<Verified> {
  const [command, ...args] = file.verify ?? []
  // An interrupted load says nothing of what its target holds.
  if (command === undefined || signal.aborted) return { invariants: [], failure: null }
  const title = [command, ...args].join(' ')
  const env = { ...process.env, REDLINE_URL: url }
  const options = { cwd: dirname(path), timeout: VERIFY_TIMEOUT_MS, maxBuffer: VERIFY_MOST_BYTES, env, signal }
  const error = await run(command, args, options).then(
    () => null,
    (thrown: CommandFailure) => thrown,
  )
  // Ctrl-C reaches the command as well, which then says nothing of the target.
  if (signal.aborted) return { invariants: [], failure: null }
  if (error !== null && typeof error.code !== 'number')
    return { invariants: [], failure: `verify, "${title}", said nothing of the target: ${whyNot(error)}` }
  const broken = error === null ? [] : [lastLine(`${error.stdout ?? ''}\n${error.stderr ?? ''}`) || error.message]
  return { invariants: [{ number: 0, title, examined: 1, broken }], failure: null }
}

/** Of `execFile`: with an exit code the command ended by itself; a text is why it could not run, nothing that it was killed. */
interface CommandFailure {
  readonly code?: number | string | null
  readonly message: string
  readonly signal?: string | null
  readonly killed?: boolean
  readonly stdout?: string
  readonly stderr?: string
}

function whyNot({ code, message, signal, killed }: CommandFailure): string {
  if (typeof code === 'string') return message
  return killed ? `it had not ended after ${VERIFY_TIMEOUT_MS / 60_000} minutes` : `it was killed by ${signal}`
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
