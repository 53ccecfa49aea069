import { checkInvariants } from '../analysis/invariants.ts'
import { InvalidRunError } from '../errors.ts'
import type { InvariantResult, LimiterMode } from '../run-file.ts'
import { BURST } from '../scenarios/scenario.ts'
import { collectEvidence } from '../sut/collect-evidence.ts'
import { setDrain, waitUntilDrained } from '../sut/drain.ts'
import type { System } from '../sut/system.ts'
import { readCpu, subtractCpu } from './cpu-meter.ts'
import { measureEndToEnd } from './end-to-end.ts'
import { startOccupancyWatch } from './occupancy.ts'
import { type LoadTarget, runBurst, runLoad, toLoad } from './run-load.ts'
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
}

type Outcome = Measured & { readonly status: 'ok' | 'failed'; readonly failure: string | null }

/** Warm-up → paused load → its drain → running load → burst → drained → judged, also when a drain stands still. */
export async function measureMode(session: Session): Promise<Outcome> {
  const { context } = session
  const occupancy = startOccupancyWatch(context.client, context.signal)
  const judge = async (drained: boolean) => judgeSession(session, drained, await occupancy.stop())
  try {
    const measured = await measureLoads(session)
    if (measured === undefined) {
      const failure = `The backlog was not drained within ${drainLimit(session)} s`
      return { ...NOTHING_MEASURED, status: 'failed', failure, invariants: await judge(false) }
    }
    return { ...measured, status: 'ok', failure: null, invariants: await judge(true) }
  } finally {
    await occupancy.stop()
  }
}

/** @returns undefined when a backlog was not drained in its time */
async function measureLoads(session: Session): Promise<Omit<Measured, 'invariants'> | undefined> {
  const { context, target, roots } = session
  const { stores } = context
  await runLoad(context, target, 'warm-up')
  if (!(await waitForDrain(session)).drained) return undefined
  const paused = await measurePaused(session)
  if (paused === undefined) return undefined
  target.recorder.phase = 'running'
  const cpu = readCpu(roots)
  const result = await runLoad(context, target, 'running')
  const running = toLoad('running', result, subtractCpu(readCpu(roots), cpu))
  target.recorder.phase = 'drain'
  if (!(await waitForDrain(session)).drained) return undefined
  target.recorder.phase = 'burst'
  const { accepted, refused, errors } = await runBurst(context, target)
  if (!(await waitForDrain(session)).drained) return undefined
  return {
    ...paused,
    loads: [...paused.loads, running],
    burst: { requests: BURST.requests, uses: BURST.maxUses, accepted, refused, errors },
    end_to_end_histogram: await measureEndToEnd(result.answers_file, await stores.mailSink.readMails()),
  }
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
  target.recorder.phase = 'drain'
  await setDrain(system, false)
  const { drained, seconds } = await waitForDrain(session)
  if (!drained) return undefined
  const acceptCpu = subtractCpu(between, before)
  const drainCpu = subtractCpu(readCpu(roots), between)
  const counted = await meter.stop(seconds)
  return {
    loads: [toLoad('paused', result, acceptCpu)],
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
  { context, system, target, mode }: Session,
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
  const circumstances = { occupancy, drained, kills: 0, everyCodeHasBucket: hasBuckets, rooms }
  return checkInvariants(await collectEvidence(sources, circumstances))
}
