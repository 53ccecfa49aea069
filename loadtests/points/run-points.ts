import { shuffleRounds } from '../measure/run-rounds.ts'
import type { ProgressReport } from '../report/progress.ts'
import type { Profile } from '../run-file.ts'
import { beginRun, type KeptParts, keepRun } from './keep-run.ts'
import type { Point, PointsRun } from './points-file.ts'

export interface PointsParts extends Omit<KeptParts, 'profile'> {
  readonly command: string
  readonly repeatWith: string
  readonly points: readonly Point[]
  readonly rounds: number
  /** The latency that trials are held against. */
  readonly targetMs?: number | undefined
  readonly progress: ProgressReport
}

/** Tries every point in every round, in an order drawn anew each time. */
export function runPoints(parts: PointsParts): Promise<PointsRun> {
  const { points, rounds, seed, progress, signal, targetMs } = parts
  return keepRun(
    { ...parts, profile: largestProfile(points) },
    (environment) => beginRun(parts, environment),
    async (bench, keeper) => {
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
    },
  )
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
