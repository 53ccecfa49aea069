import { dirname, join } from 'node:path'
import { readCalibration } from '../calibrate/calibration-file.ts'
import { shuffleRounds } from '../measure/run-rounds.ts'
import type { ProgressReport } from '../report/progress.ts'
import type { Profile } from '../run-file.ts'
import { writeAtomically } from '../write-atomically.ts'
import { openPointBench } from './point-bench.ts'
import { POINTS_SCHEMA, type Point, type PointsRun } from './points-file.ts'

export interface PointsParts {
  readonly command: string
  readonly repeatWith: string
  readonly runId: string
  /** Where run.json is kept up to date after each trial. */
  readonly directory: string
  readonly points: readonly Point[]
  readonly rounds: number
  readonly seed: number
  readonly allowNonempty: boolean
  /** The latency that trials are held against. */
  readonly targetMs?: number | undefined
  readonly progress: ProgressReport
  readonly signal: AbortSignal
}

/** What is switched off while points are tried. */
export const POINT_NOTES = ['limits per client: off (neither per address nor on failed tries)', 'maintenance jobs: off']

/**
 * Tries every point in every round, in an order drawn anew each time.
 * @returns the run, also when it was interrupted: then with what was measured until there
 */
export async function runPoints(parts: PointsParts): Promise<PointsRun> {
  const { points, rounds, seed, runId, progress, signal, allowNonempty, targetMs } = parts
  const { say, sample: onSample } = progress
  const profile = largestProfile(points)
  const bench = await openPointBench({
    runId,
    profile,
    allowNonempty,
    seed,
    notes: POINT_NOTES,
    onSample,
    say,
    signal,
  })
  const begun = await withCalibration(beginPointsRun(parts, bench.environment), parts.directory)
  const keeper = createRunKeeper(begun, parts.directory)
  try {
    await keeper.keep({})
    const orders = shuffleRounds(points, seed)
    for (let round = 1; round <= rounds; round++) {
      for (const [index, point] of (orders.next().value ?? []).entries()) {
        signal.throwIfAborted()
        progress.begin({ round, name: point.name })
        const trial = await bench.measure(point, { round, position: index + 1 }, targetMs)
        await keeper.keep({ trials: [...keeper.run().trials, trial] })
        progress.end(trial)
      }
    }
    return await keeper.end('complete', 'all rounds were done')
  } catch (error) {
    if (!signal.aborted) throw error
    return await keeper.end('interrupted', 'it was interrupted')
  } finally {
    await bench.close()
  }
}

type Begun = Pick<PointsParts, 'command' | 'repeatWith' | 'runId' | 'points' | 'rounds' | 'seed'>

/** A run without trials so far. */
export function beginPointsRun(parts: Begun, environment: PointsRun['environment']): PointsRun {
  const { command, repeatWith, runId, points, rounds, seed } = parts
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

/** The run with the last calibration of the meter, which stands beside the directories of the runs. */
export async function withCalibration<Begun extends PointsRun>(begun: Begun, directory: string): Promise<Begun> {
  return { ...begun, calibration: await readCalibration(join(dirname(directory), 'calibration.json')) }
}

/** Keeps run.json up to date. */
export function createRunKeeper<Kept extends PointsRun>(begun: Kept, directory: string) {
  let run = begun
  const keep = async (changes: Partial<Kept>): Promise<Kept> => {
    run = { ...run, ...changes, harness_peak_rss_bytes: process.resourceUsage().maxRSS * 1024 }
    await writeAtomically(join(directory, 'run.json'), JSON.stringify(run))
    return run
  }
  return {
    run: () => run,
    keep,
    end: (status: PointsRun['status'], reason: PointsRun['stopped_because']) =>
      keep({ status, stopped_because: reason, finished_at: new Date().toISOString() } as Partial<Kept>),
  }
}

/** Each part as large as the largest of them. */
export function largestProfile(points: readonly Pick<Point, 'profile'>[]): Profile {
  const largest = (field: keyof Profile) => Math.max(...points.map(({ profile }) => profile[field]))
  return {
    servers: largest('servers'),
    workers: largest('workers'),
    concurrency: largest('concurrency'),
    pool: largest('pool'),
    semaphore: largest('semaphore'),
    redis_connections: largest('redis_connections'),
  }
}
