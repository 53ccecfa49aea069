import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { readCalibration } from '../calibrate/calibration-file.ts'
import { describeEnvironment, SWITCHED_OFF } from '../measure/environment.ts'
import { type RunPusher, startRunPusher } from '../measure/run-pusher.ts'
import { runTrial } from '../measure/run-trial.ts'
import { startRig } from '../measure/start-rig.ts'
import type { TrialContext } from '../measure/trial-context.ts'
import type { ProgressReport } from '../report/progress.ts'
import { type Plan, RUN_SCHEMA, type Run } from '../run-file.ts'
import type { Stores } from '../sut/stores.ts'
import { findScenario } from './make-plan.ts'
import { measureRounds } from './measure-rounds.ts'

export interface BenchParts {
  readonly plan: Plan
  readonly runId: string
  /** Where run.json is kept up to date after each trial. */
  readonly directory: string
  readonly progress: ProgressReport
  readonly repeatWith: string
  readonly allowNonempty: boolean
  /** A Prometheus that shows the run as it goes on. */
  readonly pushTo?: string | undefined
  readonly signal: AbortSignal
}

/** `2026-01-31-1805-hot-code-3f9a`: sorts by time, never twice. */
export function createRunId(now: Date, scenario: string): string {
  const time = now
    .toISOString()
    .replace(/[:T]/g, '-')
    .slice(0, 16)
    .replace(/-(\d\d)$/, '$1')
  return `${time}-${scenario}-${randomBytes(2).toString('hex')}`
}

/**
 * Starts the stores, tries every subject in every round and stops everything again.
 * @returns the run, also when it was interrupted: then with what was measured until there
 */
export async function runBench(parts: BenchParts): Promise<Run> {
  const { runId, progress, signal, plan, allowNonempty } = parts
  const { say } = progress
  const { profile, db_latency_ms: dbLatencyMs, redis_latency_ms: redisLatencyMs } = plan
  const pusher = parts.pushTo === undefined ? undefined : await startRunPusher(parts.pushTo, runId, say)
  try {
    const rig = await startRig({ runId, profile, dbLatencyMs, redisLatencyMs, allowNonempty, say, signal })
    try {
      return await measure(await describeRun(parts, rig.stores), parts, { ...rig, onScrape: pusher?.onScrape }, pusher)
    } finally {
      await rig.stop()
    }
  } finally {
    await pusher?.close()
  }
}

async function describeRun({ runId, repeatWith, plan, directory }: BenchParts, stores: Stores): Promise<Run> {
  return {
    schema: RUN_SCHEMA,
    run_id: runId,
    command: 'bench',
    repeat_with: repeatWith,
    started_at: new Date().toISOString(),
    finished_at: null,
    status: 'running',
    environment: await describeEnvironment(stores.postgres, stores.redis, SWITCHED_OFF),
    plan,
    stopped_because: null,
    calibration: await readCalibration(join(dirname(directory), 'calibration.json')),
    harness_peak_rss_bytes: 0,
    trials: [],
  }
}

type RunningParts = Omit<TrialContext, 'plan' | 'scenario' | 'signal' | 'onSample'>

function measure(begun: Run, parts: BenchParts, running: RunningParts, pusher?: RunPusher): Promise<Run> {
  const { plan, signal, progress } = parts
  const onSample: TrialContext['onSample'] = (sample, position) => {
    progress.sample(sample)
    pusher?.onSample(sample, position)
  }
  const context = { ...running, plan, scenario: findScenario(plan.scenario), signal, onSample }
  return measureRounds(begun, parts, (position) => runTrial(context, position))
}
