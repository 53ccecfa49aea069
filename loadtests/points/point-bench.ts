import { judgeRun } from '../analysis/gates.ts'
import { describeEnvironment, SWITCHED_OFF } from '../measure/environment.ts'
import { measureOneLoad } from '../measure/measure-mode.ts'
import { cleanRunning, completeTrial, loadRunning, startClean } from '../measure/run-trial.ts'
import { type Rig, type RigOptions, startRig } from '../measure/start-rig.ts'
import type { TrialContext, TrialPosition } from '../measure/trial-context.ts'
import type { Environment, Run, Trial } from '../run-file.ts'
import { delayStores, type Stores } from '../sut/stores.ts'
import type { System } from '../sut/system.ts'
import { brokenNumbers } from './broken-numbers.ts'
import { planOfPoint, scenarioOfPoint } from './plan-of-point.ts'
import type { Point } from './points-file.ts'

/** Tries points one after the other, each trial on clean data, and on the processes of the one before where their sizes agree. */
export interface PointBench {
  readonly environment: Environment
  /**
   * A system that fails makes a failed trial, one that a gate excludes an invalid one (by the latency that it is held
   * against, in ms); only an interruption is thrown. After a trial that failed or broke an invariant the next one has fresh
   * processes.
   */
  measure(point: Point, place: Pick<TrialPosition, 'round' | 'position'>, targetMs?: number): Promise<Trial>
  /** The next trial has fresh processes. */
  endProcesses(): Promise<void>
  close(): Promise<void>
}

export interface PointBenchOptions extends Omit<RigOptions, 'dbLatencyMs' | 'redisLatencyMs'> {
  readonly seed: number
  readonly onSample: TrialContext['onSample']
}

export async function openPointBench(options: PointBenchOptions): Promise<PointBench> {
  const { seed, signal, onSample, ...rigOptions } = options
  const rig = await startRig({ ...rigOptions, signal, dbLatencyMs: 0, redisLatencyMs: 0 })
  try {
    const { postgres, redis } = rig.stores
    const environment = await describeEnvironment(postgres, redis, SWITCHED_OFF)
    return createBench(rig, environment, { seed, signal, onSample })
  } catch (error) {
    await rig.stop()
    throw error
  }
}

/** Two points with the same text can be tried on the same processes. */
export function sizeOf({ mode, profile, db_latency_ms, redis_latency_ms }: Point): string {
  return JSON.stringify([mode, profile, db_latency_ms, redis_latency_ms])
}

/** A system that runs, behind the delays of its size. */
interface Kept {
  readonly size: string
  readonly stores: Stores
  readonly system: System
  trials: number
}

type TrialOptions = Pick<PointBenchOptions, 'seed' | 'signal' | 'onSample'>

function createBench(rig: Rig, environment: Environment, { seed, signal, onSample }: TrialOptions): PointBench {
  let kept: Kept | undefined

  async function endProcesses(): Promise<void> {
    const ended = kept
    kept = undefined
    try {
      await ended?.system.stop()
    } finally {
      await ended?.stores.stop()
    }
  }

  async function keep(context: TrialContext, point: Point): Promise<Kept> {
    if (kept?.size === sizeOf(point)) {
      await cleanRunning({ ...context, stores: kept.stores }, kept.system)
      return kept
    }
    await endProcesses()
    kept = await start(rig, context, point)
    return kept
  }

  return {
    environment,
    endProcesses,
    async close() {
      await endProcesses().finally(rig.stop)
    },
    async measure(point, { round, position }, targetMs) {
      const context = { ...rig, plan: planOfPoint(point, seed), scenario: scenarioOfPoint(point), signal, onSample }
      const place = { round, position, mode: point.mode }
      const load = async () => {
        const { system, stores, trials } = await keep(context, point)
        const running = { system, mode: point.mode, isFresh: trials === 0 }
        return loadRunning({ ...context, stores }, place, running, (session) => measureOneLoad(session, point.drain))
      }
      const completed = await completeTrial(context, place, load)
      const trial = { ...completed, trials_before: kept?.trials ?? 0 }
      if (kept !== undefined) kept.trials++
      if (trial.status === 'failed' || brokenNumbers([trial]).length > 0) await endProcesses()
      return judge(trial, context.plan, targetMs)
    },
  }
}

async function start(rig: Rig, context: TrialContext, point: Point): Promise<Kept> {
  const { directory } = rig
  const { mode, db_latency_ms: dbLatencyMs, redis_latency_ms: redisLatencyMs } = point
  const stores = await delayStores(rig.stores, { directory, dbLatencyMs, redisLatencyMs, signal: context.signal })
  try {
    return { size: sizeOf(point), stores, system: await startClean({ ...context, stores }, mode), trials: 0 }
  } catch (error) {
    await stores.stop()
    throw error
  }
}

/** By the gates of a bench. */
function judge(trial: Trial, plan: Run['plan'], targetMs?: number): Trial {
  const [judged] = judgeRun({ plan, trials: [trial] }, targetMs).trials
  return judged ?? trial
}
