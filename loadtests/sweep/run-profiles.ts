import { shuffleRounds } from '../measure/run-rounds.ts'
import { openPointBench, type PointBench } from '../points/point-bench.ts'
import type { Point, PointsRun } from '../points/points-file.ts'
import {
  beginPointsRun,
  createRunKeeper,
  largestProfile,
  POINT_NOTES,
  type PointsParts,
  withCalibration,
} from '../points/run-points.ts'
import type { Trial } from '../run-file.ts'
import { acceptedPerSecond, drainedPerSecond } from './figures-by-round.ts'
import { judgeUsers } from './judge-users.ts'
import { ratePoint, type Setting, sizingPoint } from './profile-points.ts'
import { type RateOutcome, searchRate } from './search-rate.ts'

export interface ProfilesParts extends Omit<PointsParts, 'points' | 'rounds' | 'targetMs'> {
  readonly settings: readonly Setting[]
  /** A user's p95. */
  readonly targetMs: number
}

/** One box and the search for the highest rate that it carries. */
interface Search {
  readonly setting: Setting
  /** The next trial; undefined when there is no more to try. */
  next: Point | undefined
  /** Takes the outcome of the trial at `next`. */
  tell(trial: Trial): void
}

/**
 * Every box is sized, then all searches take turns, in an order drawn anew each time: a drift of the machine hits all alike.
 * @returns the run, also when it was interrupted: then with what was measured until there
 */
export async function runProfiles(parts: ProfilesParts): Promise<PointsRun> {
  const { settings, seed, signal, progress } = parts
  const sizing = settings.map(sizingPoint)
  const bench = await openBench(parts, sizing)
  const begun = await withCalibration(
    beginPointsRun({ ...parts, points: sizing, rounds: 0 }, bench.environment),
    parts.directory,
  )
  const keeper = createRunKeeper(begun, parts.directory)
  try {
    await keeper.keep({})
    const searches = settings.map((setting) => beginSearch(setting, parts.targetMs))
    let round = 0
    for (const order of shuffleRounds(searches, seed)) {
      const open = order.filter(({ next }) => next !== undefined)
      if (open.length === 0) break
      round++
      for (const [index, search] of open.entries()) {
        signal.throwIfAborted()
        const point = search.next as Point
        progress.begin({ round, name: point.name })
        const trial = await bench.measure(point, { round, position: index + 1 }, parts.targetMs)
        const points = keeper.run().points
        const isNew = points.every(({ name }) => name !== point.name)
        await keeper.keep({ points: isNew ? [...points, point] : points, trials: [...keeper.run().trials, trial] })
        progress.end(trial)
        search.tell(trial)
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

function openBench(parts: ProfilesParts, points: readonly Point[]): Promise<PointBench> {
  const { runId, allowNonempty, seed, signal, progress } = parts
  const { say, sample: onSample } = progress
  const profile = largestProfile(points)
  return openPointBench({ runId, profile, allowNonempty, seed, notes: POINT_NOTES, onSample, say, signal })
}

function beginSearch(setting: Setting, targetMs: number): Search {
  let ladder: ReturnType<typeof searchRate> | undefined
  const follow = (step: IteratorResult<number, number | null>): Point | undefined =>
    step.done ? undefined : ratePoint(setting, step.value)
  const search: Search = {
    setting,
    next: sizingPoint(setting),
    tell(trial) {
      if (search.next === undefined) return
      if (ladder !== undefined) {
        search.next = follow(ladder.next(judgeUsers(search.next, trial, targetMs).outcome satisfies RateOutcome))
        return
      }
      const guess = guessOf(trial)
      ladder = guess === null ? undefined : searchRate(guess)
      search.next = ladder && follow(ladder.next())
    },
  }
  return search
}

/** Whichever is slower, the answers or what follows them; null when the trial failed. */
function guessOf(trial: Trial): number | null {
  const [load] = trial.loads
  if (load === undefined) return null
  return Math.min(acceptedPerSecond(load), drainedPerSecond(load, trial) ?? Number.POSITIVE_INFINITY)
}
