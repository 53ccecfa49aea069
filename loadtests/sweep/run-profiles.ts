import { shuffleRounds } from '../measure/run-rounds.ts'
import { beginRun, keepRun } from '../points/keep-run.ts'
import type { Point, PointsRun } from '../points/points-file.ts'
import { largestProfile, type PointsParts } from '../points/run-points.ts'
import type { Trial } from '../run-file.ts'
import { acceptedPerSecond, drainedPerSecond } from './figures-by-round.ts'
import { judgeUsers } from './judge-users.ts'
import { ratePoint, type Setting, sizingPoint } from './profile-points.ts'
import { type RateOutcome, searchRate } from './search-rate.ts'

export interface ProfilesParts extends Omit<PointsParts, 'points' | 'rounds' | 'processesPer' | 'targetMs'> {
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

/** Every box is sized, then all searches take turns, in an order drawn anew each time: a drift of the machine hits all alike. */
export function runProfiles(parts: ProfilesParts): Promise<PointsRun> {
  const { settings, seed, signal, progress, targetMs } = parts
  const sizing = settings.map(sizingPoint)
  return keepRun(
    { ...parts, profile: largestProfile(sizing) },
    (environment) => beginRun({ ...parts, points: sizing, rounds: 0 }, environment),
    async (bench, keeper) => {
      const searches = settings.map((setting) => beginSearch(setting, targetMs))
      let round = 0
      for (const order of shuffleRounds(searches, seed)) {
        const open = order.filter(({ next }) => next !== undefined)
        if (open.length === 0) break
        round++
        for (const [index, search] of open.entries()) {
          signal.throwIfAborted()
          const point = search.next as Point
          progress.begin({ round, name: point.name })
          const trial = await bench.measure(point, { round, position: index + 1 }, targetMs)
          await bench.endProcesses()
          const { points, trials } = keeper.run()
          const isNew = points.every(({ name }) => name !== point.name)
          await keeper.keep({ points: isNew ? [...points, point] : points, trials: [...trials, trial] })
          progress.end(trial)
          search.tell(trial)
        }
      }
    },
  )
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
