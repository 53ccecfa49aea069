import { dirname, join } from 'node:path'
import { readCalibration } from '../calibrate/calibration-file.ts'
import type { Environment, Profile, Sample } from '../run-file.ts'
import { writeAtomically } from '../write-atomically.ts'
import { openPointBench, type PointBench } from './point-bench.ts'
import { POINTS_SCHEMA, type Point, type PointsRun } from './points-file.ts'

export interface KeptParts {
  readonly runId: string
  /** Where run.json is kept up to date after each trial. */
  readonly directory: string
  /** The largest that is tried. */
  readonly profile: Profile
  readonly seed: number
  readonly allowNonempty: boolean
  readonly progress: { say(line: string): void; sample(sample: Sample): void }
  readonly signal: AbortSignal
}

/** A run in its file, from its first trial on. */
export interface RunKeeper<Kept extends PointsRun> {
  run(): Kept
  keep(changes: Partial<Kept>): Promise<void>
}

/**
 * Opens a bench, begins a run, lets `tryAll` try its points, and ends both.
 * @returns the run, also when it was interrupted: then with what was measured until there
 */
export async function keepRun<Kept extends PointsRun>(
  parts: KeptParts,
  begin: (environment: Environment) => Kept,
  tryAll: (bench: PointBench, keeper: RunKeeper<Kept>) => Promise<void>,
): Promise<Kept> {
  const { runId, directory, profile, seed, allowNonempty, signal } = parts
  const { say, sample: onSample } = parts.progress
  const bench = await openPointBench({ runId, profile, allowNonempty, seed, onSample, say, signal })
  let run = begin(bench.environment)
  const keep = async (changes: Partial<PointsRun>) => {
    run = { ...run, ...changes, harness_peak_rss_bytes: process.resourceUsage().maxRSS * 1024 }
    await writeAtomically(join(directory, 'run.json'), JSON.stringify(run))
  }
  const end = async (status: PointsRun['status'], reason: PointsRun['stopped_because']) => {
    await keep({ status, stopped_because: reason, finished_at: new Date().toISOString() })
    return run
  }
  try {
    // The last calibration of the meter stands beside the directories of the runs.
    await keep({ calibration: await readCalibration(join(dirname(directory), 'calibration.json')) })
    await tryAll(bench, { run: () => run, keep })
    return await end('complete', 'all rounds were done')
  } catch (error) {
    if (!signal.aborted) throw error
    return await end('interrupted', 'it was interrupted')
  } finally {
    await bench.close()
  }
}

/** A run without trials so far. */
export function beginRun(
  parts: Pick<PointsRun, 'command' | 'rounds' | 'seed'> & {
    readonly runId: string
    readonly repeatWith: string
    readonly points: readonly Point[]
  },
  environment: Environment,
): PointsRun {
  const { command, points, rounds, seed, runId, repeatWith } = parts
  return {
    schema: POINTS_SCHEMA,
    run_id: runId,
    command,
    repeat_with: repeatWith,
    started_at: new Date().toISOString(),
    finished_at: null,
    status: 'running',
    stopped_because: null,
    environment,
    seed,
    rounds,
    points: [...points],
    harness_peak_rss_bytes: 0,
    calibration: null,
    trials: [],
  }
}
