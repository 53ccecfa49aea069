import { shuffleRounds } from '../measure/run-rounds.ts'
import type { ProgressReport } from '../report/progress.ts'
import type { Profile } from '../run-file.ts'
import { beginRun, type KeptParts, keepRun } from './keep-run.ts'
import { sizeOf } from './point-bench.ts'
import type { Point, PointsRun } from './points-file.ts'

export interface PointsParts extends Omit<KeptParts, 'profile'> {
  readonly command: string
  readonly repeatWith: string
  readonly points: readonly Point[]
  readonly rounds: number
  /**
   * `round`: points of one size run on the same processes within a round, one after the other, so that only the first has
   * them to start and to warm up. `trial`: each trial has its own.
   */
  readonly processesPer: 'round' | 'trial'
  /** The latency that trials are held against. */
  readonly targetMs?: number | undefined
  readonly progress: ProgressReport
}

/** Tries every point in every round, in an order drawn anew each time: of the sizes, and of the points of each. */
export function runPoints(parts: PointsParts): Promise<PointsRun> {
  const { points, rounds, seed, progress, signal, targetMs, processesPer } = parts
  return keepRun(
    { ...parts, profile: largestProfile(points) },
    (environment) => beginRun(parts, environment),
    async (bench, keeper) => {
      const orders = shuffleRounds(points, seed)
      for (let round = 1; round <= rounds; round++) {
        const order = orders.next().value ?? []
        for (const [index, point] of (processesPer === 'round' ? bySize(order) : order).entries()) {
          signal.throwIfAborted()
          progress.begin({ round, name: point.name })
          const trial = await bench.measure(point, { round, position: index + 1 }, targetMs)
          await keeper.keep({ trials: [...keeper.run().trials, trial] })
          progress.end(trial)
          if (processesPer === 'trial') await bench.endProcesses()
        }
        await bench.endProcesses()
      }
    },
  )
}

/** Those of one size together, where the first of them stands. */
function bySize(points: readonly Point[]): Point[] {
  const sizes = new Map<string, Point[]>()
  for (const point of points) sizes.set(sizeOf(point), [...(sizes.get(sizeOf(point)) ?? []), point])
  return [...sizes.values()].flat()
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
