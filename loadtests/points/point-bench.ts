import { judgeRun } from '../analysis/gates.ts'
import { describeEnvironment } from '../measure/environment.ts'
import { measureOneLoad } from '../measure/measure-mode.ts'
import { completeTrial, loadSystem } from '../measure/run-trial.ts'
import { type Rig, type RigOptions, startRig } from '../measure/start-rig.ts'
import type { TrialContext, TrialPosition } from '../measure/trial-context.ts'
import type { Environment, Run, Trial } from '../run-file.ts'
import { delayStores } from '../sut/stores.ts'
import { planOfPoint, scenarioOfPoint } from './plan-of-point.ts'
import type { Point } from './points-file.ts'

/** Tries points one after the other, each on clean data with fresh processes. */
export interface PointBench {
  readonly environment: Environment
  /**
   * A system that fails makes a failed trial, one that a gate excludes an invalid one (by the latency that it is held
   * against, in ms); only an interruption is thrown.
   */
  measure(point: Point, place: Pick<TrialPosition, 'round' | 'position'>, targetMs?: number): Promise<Trial>
  close(): Promise<void>
}

export interface PointBenchOptions extends Omit<RigOptions, 'dbLatencyMs' | 'redisLatencyMs'> {
  readonly seed: number
  /** Things switched off meanwhile, in words. */
  readonly notes: readonly string[]
  readonly onSample: TrialContext['onSample']
}

export async function openPointBench(options: PointBenchOptions): Promise<PointBench> {
  const { seed, signal, onSample, notes, ...rigOptions } = options
  const rig = await startRig({ ...rigOptions, signal, dbLatencyMs: 0, redisLatencyMs: 0 })
  try {
    const { postgres, redis } = rig.stores
    return {
      environment: await describeEnvironment(postgres, redis, [...notes]),
      async measure(point, { round, position }, targetMs) {
        const context = { ...rig, plan: planOfPoint(point, seed), scenario: scenarioOfPoint(point), signal, onSample }
        const place = { round, position, mode: point.mode }
        const trial = await completeTrial(context, place, () => loadBehindDelays(rig, context, place, point))
        return judge(trial, context.plan, targetMs)
      },
      close: rig.stop,
    }
  } catch (error) {
    await rig.stop()
    throw error
  }
}

async function loadBehindDelays(rig: Rig, context: TrialContext, place: TrialPosition, point: Point) {
  const { directory } = rig
  const { db_latency_ms: dbLatencyMs, redis_latency_ms: redisLatencyMs } = point
  const { signal } = context
  const stores = await delayStores(rig.stores, { directory, dbLatencyMs, redisLatencyMs, signal })
  try {
    return await loadSystem({ ...context, stores }, place, point.mode, (session) =>
      measureOneLoad(session, point.drain),
    )
  } finally {
    await stores.stop()
  }
}

/** By the gates of a bench. */
function judge(trial: Trial, plan: Run['plan'], targetMs?: number): Trial {
  const [judged] = judgeRun({ plan, trials: [trial] }, targetMs).trials
  return judged ?? trial
}
