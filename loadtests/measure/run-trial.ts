import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkInvariants } from '../analysis/invariants.ts'
import { InvalidRunError } from '../errors.ts'
import type { LimiterMode, Trial } from '../run-file.ts'
import { BURST } from '../scenarios/scenario.ts'
import { startCeiling } from '../sut/ceiling.ts'
import { collectEvidence } from '../sut/collect-evidence.ts'
import { setDrain, waitUntilDrained } from '../sut/drain.ts'
import { clearData, seedCodes } from '../sut/redeem-data.ts'
import { type System, startSystem } from '../sut/system.ts'
import { readCpu, subtractCpu } from './cpu-meter.ts'
import { measureEndToEnd } from './end-to-end.ts'
import { watchOccupancy } from './occupancy.ts'
import { type LoadTarget, runBurst, runLoad, toLoad } from './run-load.ts'
import type { TrialContext, TrialPosition } from './trial-context.ts'
import { startTrialRecorder } from './trial-recorder.ts'
import { startWorkMeter } from './work-meter.ts'

/** A backlog of so many redemptions per second of load is drained, or the trial is not judged. */
const DRAIN_LIMIT_SECONDS = 120
/** Room for what the fastest imaginable machine accepts in a second. */
const SEATS_PER_SECOND = 20_000

type Measured = Pick<Trial, 'loads' | 'drain' | 'burst' | 'end_to_end_histogram' | 'work' | 'invariants'>

const NOTHING_MEASURED: Measured = {
  loads: [],
  drain: null,
  burst: null,
  end_to_end_histogram: null,
  work: null,
  invariants: [],
}

/**
 * One trial: clean data, fresh processes, warm-up, the measured loads, a burst, everything drained, then judged.
 * A system that fails makes a failed trial; only an interruption is thrown.
 */
export async function runTrial(context: TrialContext, position: TrialPosition): Promise<Trial> {
  const startedAt = new Date()
  const trial = await (position.mode === 'ceiling'
    ? loadCeiling(context, position)
    : loadMode(context, position, position.mode)
  ).catch((error: unknown) => {
    context.signal.throwIfAborted()
    const failure = error instanceof Error ? error.message : String(error)
    return { ...NOTHING_MEASURED, status: 'failed' as const, failure, steal: null, cpu_pressure: null, samples: [] }
  })
  return {
    ...position,
    scenario: context.scenario.name,
    profile: context.plan.profile_name,
    started_at: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1_000,
    ...trial,
  }
}

type Judged = Omit<Trial, 'round' | 'position' | 'mode' | 'scenario' | 'profile' | 'started_at' | 'seconds'>

async function loadCeiling(context: TrialContext, position: TrialPosition): Promise<Judged> {
  const { plan, scenario, directory, signal, generator } = context
  const server = await startCeiling(directory, signal)
  const roots = { server: [server.pid], generator: [generator.process.pid] }
  const recorder = startTrialRecorder({ metricsUrls: [], roots }, (sample) => context.onSample(sample, position))
  const died = server.died.then(() => Promise.reject(new InvalidRunError('The ceiling ended')))
  died.catch(() => {})
  const target: LoadTarget = { url: server.ready.url ?? '', recorder, died, answersFiles: [] }
  try {
    await runLoad(context, target, scenario.codes.warmUp, plan.warm_up)
    recorder.phase = 'paused'
    const cpu = readCpu(roots)
    const result = await runLoad(context, target, scenario.codes.paused, plan.duration)
    const load = toLoad('paused', result, subtractCpu(readCpu(roots), cpu))
    const { steal, cpuPressure } = await recorder.stop()
    const samples = [...recorder.samples]
    return {
      ...NOTHING_MEASURED,
      loads: [load],
      status: 'ok',
      failure: null,
      steal,
      cpu_pressure: cpuPressure,
      samples,
    }
  } finally {
    await recorder.stop()
    await server.stop()
    await removeFiles(target.answersFiles)
  }
}

async function loadMode(context: TrialContext, position: TrialPosition, mode: LimiterMode): Promise<Judged> {
  const { plan, scenario, stores, client, directory, signal, generator } = context
  await clearData(stores, client)
  const { warmUp, paused, running } = scenario.codes
  const codes = new Map([...warmUp, ...paused, ...running, BURST].map((seed) => [seed.code, seed]))
  const seats = (plan.warm_up + 2 * plan.duration + 1) * SEATS_PER_SECOND
  await seedCodes(client, [...codes.values()], seats)

  const system = await startSystem(stores, { mode, profile: plan.profile, directory, signal })
  const roots = {
    ...system.roots,
    ...(stores.postgres.pid !== null && { postgres: [stores.postgres.pid] }),
    ...(stores.redis.pid !== null && { redis: [stores.redis.pid] }),
    mail_sink: [stores.mailSink.process.pid],
    generator: [generator.process.pid],
  }
  const metricsUrls = system.processes.map(({ kind, ops_url }) => ({ kind, url: `${ops_url}/metrics` }))
  const recorder = startTrialRecorder({ metricsUrls, roots }, (sample) => context.onSample(sample, position))
  const target: LoadTarget = { url: system.url, recorder, died: system.died, answersFiles: [] }
  const measuring = measureMode({ context, system, target, roots, mode })
  measuring.catch(() => undefined)
  try {
    const measured = await Promise.race([measuring, system.died])
    const { steal, cpuPressure } = await recorder.stop()
    const samples = [...recorder.samples]
    return { ...measured, status: 'ok', failure: null, steal, cpu_pressure: cpuPressure, samples }
  } finally {
    await recorder.stop()
    await system.stop()
    // What died may still be waited for; the next trial must not meet that.
    await measuring.catch(() => undefined)
    await removeFiles(target.answersFiles)
  }
}

interface Session {
  readonly context: TrialContext
  readonly system: System
  readonly target: LoadTarget
  readonly roots: Parameters<typeof readCpu>[0]
  readonly mode: LimiterMode
}

/** Warm-up → paused load → its drain → running load → burst → drained → judged. */
async function measureMode(session: Session): Promise<Measured> {
  const { context, target } = session
  const { plan, scenario } = context
  const { recorder } = target
  const occupancy = startOccupancyWatch(context)
  try {
    await runLoad(context, target, scenario.codes.warmUp, plan.warm_up)
    await drainFully(session)
    const { paused, drain, work } = await measurePaused(session)
    recorder.phase = 'running'
    const cpu = readCpu(session.roots)
    const result = await runLoad(context, target, scenario.codes.running, plan.duration)
    const running = toLoad('running', result, subtractCpu(readCpu(session.roots), cpu))
    recorder.phase = 'drain'
    await drainFully(session)
    recorder.phase = 'burst'
    const { accepted, refused, errors } = await runBurst(context, target)
    const wait = await waitUntilDrained(
      schedulerOf(session.system),
      context.client,
      DRAIN_LIMIT_SECONDS,
      context.signal,
    )
    const circumstances = { occupancy: await occupancy.stop(), drained: wait.drained, kills: 0 }
    const mails = await context.stores.mailSink.readMails()
    return {
      loads: [paused, running],
      drain,
      work,
      burst: { requests: BURST.requests, uses: BURST.maxUses, accepted, refused, errors },
      end_to_end_histogram: await measureEndToEnd(result.answers_file, mails),
      invariants: await judge(session, mails, circumstances),
    }
  } finally {
    await occupancy.stop()
  }
}

/** The load while nothing drains, then the drain alone: so each has its own cost. */
async function measurePaused({ context, system, target, roots }: Session) {
  const { plan, scenario } = context
  const meter = await startWorkMeter(context, system)
  await setDrain(system, true)
  target.recorder.phase = 'paused'
  const before = readCpu(roots)
  const result = await runLoad(context, target, scenario.codes.paused, plan.duration)
  const acceptCpu = subtractCpu(readCpu(roots), before)
  target.recorder.phase = 'drain'
  const between = readCpu(roots)
  await setDrain(system, false)
  const { seconds } = await drainFully({ context, system })
  const drainCpu = subtractCpu(readCpu(roots), between)
  const counted = await meter.stop()
  return {
    paused: toLoad('paused', result, acceptCpu),
    drain: { redemptions: result.accepted, seconds },
    work: { redemptions: result.accepted, ...counted, accept_cpu_ms: acceptCpu, drain_cpu_ms: drainCpu },
  }
}

async function drainFully({ context, system }: Pick<Session, 'context' | 'system'>): Promise<{ seconds: number }> {
  const wait = await waitUntilDrained(schedulerOf(system), context.client, DRAIN_LIMIT_SECONDS, context.signal)
  if (!wait.drained) throw new InvalidRunError(`The backlog was not drained within ${DRAIN_LIMIT_SECONDS} s`)
  return wait
}

function schedulerOf(system: System): string {
  const [url] = system.opsUrls('scheduler')
  if (url === undefined) throw new InvalidRunError('The system has no scheduler')
  return url
}

async function judge(
  { context, system, target, mode }: Session,
  mails: Awaited<ReturnType<TrialContext['stores']['mailSink']['readMails']>>,
  circumstances: Parameters<typeof collectEvidence>[1],
) {
  const sources = {
    client: context.client,
    answersFiles: target.answersFiles,
    readMails: async () => mails,
    mailsSinceMs: null,
    bucketsUrl: mode === 'token-bucket' ? (system.opsUrls('server')[0] ?? null) : null,
    schedulerUrl: schedulerOf(system),
  }
  return checkInvariants(await collectEvidence(sources, circumstances))
}

/** Looks each second whether a code holds more uses than it has. */
function startOccupancyWatch({ client, signal }: TrialContext) {
  const watch = watchOccupancy(client)
  const ended = new AbortController()
  const until = AbortSignal.any([signal, ended.signal])
  const run = async () => {
    while (!until.aborted) {
      await sleep(1_000, undefined, { signal: until }).catch(() => {})
      await watch.sample()
    }
  }
  const running = run()
  running.catch(() => {})
  return {
    async stop() {
      ended.abort()
      await running
      return watch.result()
    },
  }
}

async function removeFiles(files: readonly string[]): Promise<void> {
  await Promise.all(files.map((file) => rm(file, { force: true })))
}
