import { checkInvariants } from '../analysis/invariants.ts'
import { InvalidRunError } from '../errors.ts'
import type { InvariantResult, LimiterMode, Load } from '../run-file.ts'
import { BURST } from '../scenarios/scenario.ts'
import { vacuumTables } from '../sut/clear-data.ts'
import { collectEvidence } from '../sut/collect-evidence.ts'
import { setDrain, waitUntilDrained } from '../sut/drain.ts'
import type { System } from '../sut/system.ts'
import { readCpu, readMemory, subtractCpu } from './cpu-meter.ts'
import { measureEndToEnd } from './end-to-end.ts'
import { startOccupancyWatch } from './occupancy.ts'
import { type LoadTarget, runBurst, runHeating, runLoad, toLoad } from './run-load.ts'
import { type Measured, NOTHING_MEASURED, type TrialContext } from './trial-context.ts'
import { createWorkMeter } from './work-meter.ts'

/** A drain takes a small multiple of the load that it follows; what takes so much longer stands still. */
const DRAIN_LIMIT = { seconds: 60, perSecondOfLoad: 20, perPerson: 0.02 } as const

export interface Session {
  readonly context: TrialContext
  readonly system: System
  readonly target: LoadTarget
  readonly roots: Parameters<typeof readCpu>[0]
  readonly mode: LimiterMode
  /** Its processes had no load so far. */
  readonly isFresh: boolean
}

type Outcome = Measured & { readonly status: 'ok' | 'failed'; readonly failure: string | null }
type Loaded = Omit<Measured, 'invariants'>

/** Warm-up → paused load → its drain → running load → burst → drained → judged, also when a drain stands still. */
export function measureMode(session: Session): Promise<Outcome> {
  return judged(session, measureLoads)
}

/** The same with one load alone: while nothing drains, or as it does. */
export function measureOneLoad(session: Session, load: Load['name']): Promise<Outcome> {
  return judged(session, () => measureLoad(session, load))
}

/** @param measure resolves to undefined when a backlog was not drained in its time */
async function judged(session: Session, measure: (session: Session) => Promise<Loaded | undefined>): Promise<Outcome> {
  const { context } = session
  const occupancy = startOccupancyWatch(context.client, context.signal)
  const judge = async (drained: boolean) => judgeSession(session, drained, await occupancy.stop())
  try {
    const measured = await measure(session)
    if (measured === undefined) {
      const failure = `The backlog was not drained within ${drainLimit(session)} s`
      return { ...NOTHING_MEASURED, status: 'failed', failure, invariants: await judge(false) }
    }
    return { ...measured, status: 'ok', failure: null, invariants: await judge(true) }
  } finally {
    await occupancy.stop()
  }
}

async function measureLoads(session: Session): Promise<Loaded | undefined> {
  if (!(await warmUp(session))) return undefined
  const paused = await measurePaused(session)
  if (paused === undefined) return undefined
  const running = await measureRunning(session)
  if (running === undefined) return undefined
  const burst = await measureBurst(session)
  return burst && { ...paused, ...running, loads: [...paused.loads, ...running.loads], drain: paused.drain, burst }
}

async function measureLoad(session: Session, load: Load['name']): Promise<Loaded | undefined> {
  if (!(await warmUp(session))) return undefined
  const measured = await (load === 'paused' ? measurePaused(session) : measureRunning(session))
  const burst = measured && (await measureBurst(session))
  return burst && { ...NOTHING_MEASURED, ...measured, burst }
}

/**
 * The code of fresh processes is compiled first, the store's delays left out; then the load itself begins unmeasured.
 * What all that left in Postgres is vacuumed.
 */
async function warmUp(session: Session): Promise<boolean> {
  const { context, target, isFresh } = session
  if (isFresh && !(await heat(session))) return false
  await runLoad(context, target, 'warm-up')
  const isDrained = (await waitForDrain(session)).drained
  if (isDrained) await vacuumTables(context.client)
  return isDrained
}

async function heat(session: Session): Promise<boolean> {
  const { context, target } = session
  context.stores.holdDelays(true)
  await runHeating(context, target)
  const { drained } = await waitForDrain(session)
  context.stores.holdDelays(false)
  return drained
}

/** The load while everything drains as it comes, then what is left of the drain. */
async function measureRunning(
  session: Session,
): Promise<Pick<Measured, 'loads' | 'drain' | 'end_to_end_histogram'> | undefined> {
  const { context, target, roots } = session
  target.recorder.phase = 'running'
  const before = readCpu(roots)
  const result = await runLoad(context, target, 'running')
  const load = toLoad('running', result, subtractCpu(readCpu(roots), before), readMemory(roots))
  target.recorder.phase = 'drain'
  const { drained, seconds } = await waitForDrain(session)
  if (!drained) return undefined
  return {
    loads: [load],
    drain: { redemptions: result.accepted, seconds },
    end_to_end_histogram: await measureEndToEnd(result.answers_file, await context.stores.mailSink.readMails()),
  }
}

async function measureBurst(session: Session): Promise<NonNullable<Measured['burst']> | undefined> {
  const { context, target } = session
  target.recorder.phase = 'burst'
  const { accepted, refused, errors } = await runBurst(context, target)
  if (!(await waitForDrain(session)).drained) return undefined
  return { requests: BURST.requests, uses: BURST.maxUses, accepted, refused, errors }
}

/** The load while nothing drains, then the drain alone: so each has its own cost. */
async function measurePaused(session: Session): Promise<Pick<Measured, 'loads' | 'drain' | 'work'> | undefined> {
  const { context, system, target, roots } = session
  const meter = await createWorkMeter(context, system)
  await setDrain(system, true)
  await meter.start()
  target.recorder.phase = 'paused'
  const before = readCpu(roots)
  const result = await runLoad(context, target, 'paused')
  const between = readCpu(roots)
  const memory = readMemory(roots)
  target.recorder.phase = 'drain'
  await setDrain(system, false)
  const { drained, seconds } = await waitForDrain(session)
  if (!drained) return undefined
  const acceptCpu = subtractCpu(between, before)
  const drainCpu = subtractCpu(readCpu(roots), between)
  const counted = await meter.stop(seconds)
  return {
    loads: [toLoad('paused', result, acceptCpu, memory)],
    drain: { redemptions: result.accepted, seconds },
    work: { redemptions: result.accepted, ...counted, accept_cpu_ms: acceptCpu, drain_cpu_ms: drainCpu },
  }
}

function waitForDrain(session: Session) {
  const { client, signal } = session.context
  return waitUntilDrained(schedulerOf(session.system), client, drainLimit(session), signal)
}

function drainLimit({ context: { plan } }: Session): number {
  const { seconds, perSecondOfLoad, perPerson } = DRAIN_LIMIT
  return seconds + perSecondOfLoad * plan.duration + perPerson * (plan.people ?? 0)
}

function schedulerOf(system: System): string {
  const [url] = system.opsUrls('scheduler')
  if (url === undefined) throw new InvalidRunError('The system has no scheduler')
  return url
}

async function judgeSession(
  { context, system, target, mode, isFresh }: Session,
  drained: boolean,
  occupancy: { samples: number; exceeded: readonly string[] },
): Promise<InvariantResult[]> {
  const hasBuckets = mode === 'token-bucket'
  const sources = {
    client: context.client,
    answersFiles: target.answersFiles,
    readMails: () => context.stores.mailSink.readMails(),
    mailsSinceMs: null,
    bucketsUrl: hasBuckets ? (system.opsUrls('server')[0] ?? null) : null,
    schedulerUrl: schedulerOf(system),
  }
  const rooms = target.rooms.length > 0 ? target.rooms : null
  // All buckets are loaded at the start of a process; later ones when their code is first redeemed.
  const circumstances = { occupancy, drained, kills: 0, everyCodeHasBucket: hasBuckets && isFresh, rooms }
  return checkInvariants(await collectEvidence(sources, circumstances))
}
