import type { LimiterMode, Trial } from '../run-file.ts'
import { BURST, WARM_UP } from '../scenarios/scenario.ts'
import { analyseTables, clearData, clearLedger } from '../sut/clear-data.ts'
import { setDrain } from '../sut/drain.ts'
import { setAutovacuum } from '../sut/postgres.ts'
import { seedCodes, seedPersonalCodes } from '../sut/redeem-data.ts'
import { type System, startSystem } from '../sut/system.ts'
import { type ActivitySeed, openActivity } from '../sut/waiting-room-data.ts'
import { loadCeiling } from './load-ceiling.ts'
import { measureMode } from './measure-mode.ts'
import { describeWorkloads, type LoadTarget, removeAnswers } from './run-load.ts'
import {
  type Judged,
  type LoadContext,
  NOTHING_MEASURED,
  type TrialContext,
  type TrialPosition,
} from './trial-context.ts'
import { startTrialRecorder } from './trial-recorder.ts'
import { watchLocks } from './watch-locks.ts'

/**
 * V8 looks for memory to give back when a process has had little to do for some seconds: a collection of the whole heap,
 * which falls into one load and not into the next.
 */
const NODE_FLAGS = ['--no-memory-reducer']

/** A load of that length meets it for certain. */
const AUTOVACUUM_EVERY_S = 60

/** Room for what the fastest imaginable machine accepts in a second. */
const SEATS_PER_SECOND = 20_000

/**
 * One trial: clean data, fresh processes, warm-up, the measured loads, a burst, everything drained, then judged.
 * A system that fails makes a failed trial; only an interruption is thrown.
 */
export async function runTrial(context: TrialContext, position: TrialPosition): Promise<Trial> {
  const { mode } = position
  if (mode === 'target') throw new RangeError('a target of somebody else is no mode')
  const measure = () =>
    mode === 'ceiling' ? loadCeiling(context, position) : loadSystem(context, position, mode, measureMode)
  return completeTrial(context, position, measure)
}

/** A subject that fails makes a failed trial; only an interruption is thrown. */
export async function completeTrial(
  context: LoadContext,
  position: TrialPosition,
  measure: () => Promise<Judged>,
): Promise<Trial> {
  const startedAt = new Date()
  const trial = await measure().catch((error: unknown): Judged => {
    context.signal.throwIfAborted()
    const failure = error instanceof Error ? error.message : String(error)
    return { ...NOTHING_MEASURED, status: 'failed', failure, steal: null, cpu_pressure: null, samples: [] }
  })
  return {
    ...position,
    scenario: context.plan.scenario,
    profile: context.plan.profile_name,
    started_at: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1_000,
    trials_before: 0,
    ...trial,
  }
}

/** Clean data, fresh processes, and what is measured of them. */
export async function loadSystem(
  context: TrialContext,
  position: TrialPosition,
  mode: LimiterMode,
  measure: typeof measureMode,
): Promise<Judged> {
  const system = await startClean(context, mode)
  try {
    return await loadRunning(context, position, { system, mode, isFresh: true }, measure)
  } finally {
    await system.stop()
  }
}

/** Clean data and fresh processes. */
export async function startClean(context: TrialContext, mode: LimiterMode): Promise<System> {
  const { plan, scenario, stores, client, directory, signal } = context
  await clearData(stores, client)
  await seedTrial(context)
  const { environment: env } = scenario
  return startSystem(stores, { mode, profile: plan.profile, directory, signal, env, nodeFlags: NODE_FLAGS })
}

/** The data of a system that runs and is at rest, as `startClean` leaves it. */
export async function cleanRunning(context: TrialContext, system: System): Promise<void> {
  await setDrain(system, true)
  await clearLedger(context.stores, context.client)
  await seedTrial(context)
  await setDrain(system, false)
}

export interface Running {
  readonly system: System
  readonly mode: LimiterMode
  /** No trial loaded it before. */
  readonly isFresh: boolean
}

/** What is measured of a system that runs on clean data. One that fails is stopped, one that does not goes on. */
export async function loadRunning(
  context: TrialContext,
  position: TrialPosition,
  { system, mode, isFresh }: Running,
  measure: typeof measureMode,
): Promise<Judged> {
  const { plan, stores, client, generator } = context
  if (stores.postgres.pid !== null) await setAutovacuum(client, plan.duration >= AUTOVACUUM_EVERY_S)
  const roots = {
    ...system.roots,
    ...(stores.postgres.pid !== null && { postgres: [stores.postgres.pid] }),
    ...(stores.redis.pid !== null && { redis: [stores.redis.pid] }),
    mail_sink: [stores.mailSink.process.pid],
    generator: [generator.process.pid],
    ...(stores.delayPids.length > 0 && { delay_proxy: stores.delayPids }),
  }
  const metricsUrls = system.processes.map(({ kind, ops_url }) => ({ kind, url: `${ops_url}/metrics` }))
  const locks = watchLocks(stores.postgres.url)
  const recorder = startTrialRecorder({ metricsUrls, roots, locks, onScrape: context.onScrape }, (sample) =>
    context.onSample(sample, position),
  )
  const kept = { answersFiles: [], rooms: [] }
  const openRoom = (activity: ActivitySeed) => openActivity(stores, client, activity)
  const target: LoadTarget = {
    url: system.url,
    rateFactor: 1,
    workloads: describeWorkloads(context),
    recorder,
    died: system.died,
    openActivity: openRoom,
    ...kept,
  }
  const measuring = measure({ context, system, target, roots, mode, isFresh })
  measuring.catch(() => undefined)
  try {
    const measured = await Promise.race([measuring, system.died])
    const { steal, cpuPressure } = await recorder.stop()
    return { ...measured, steal, cpu_pressure: cpuPressure, samples: [...recorder.samples] }
  } catch (error) {
    // What died may still be waited for; the next trial must not meet that.
    await system.stop()
    await measuring.catch(() => undefined)
    throw error
  } finally {
    await recorder.stop()
    await removeAnswers(target)
  }
}

async function seedTrial(context: TrialContext): Promise<void> {
  const { plan, client } = context
  const all = Object.values(describeWorkloads(context))
  const seeds = [...all.flatMap(({ codes }) => codes ?? []), BURST, WARM_UP]
  const codes = new Map(seeds.map((seed) => [seed.code, seed]))
  const people = plan.warm_up_people + 2 * (plan.people ?? 0)
  const seats = (plan.warm_up + 2 * plan.duration + 1) * SEATS_PER_SECOND + people
  await seedCodes(client, [...codes.values()], seats)
  for (const { personalCodes } of all) if (personalCodes) await seedPersonalCodes(client, personalCodes)
  await analyseTables(client)
}
