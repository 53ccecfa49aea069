import { type Attempt, goalTrials } from './attempt.ts'
import { isNarrow, type RelevantBounds, relevantBounds } from './relevant-bounds.ts'
import type { SearchGoal } from './search-goal.ts'

export interface GoalResult extends RelevantBounds {
  readonly goal: string
  /** Both bounds are there, are true ones, and are as narrow as the goal wants. */
  readonly isRegular: boolean
  /** Why it is not regular; null when it is. */
  readonly irregular: string | null
  /** What the system typically did at the lower bound: the median over its full-length trials. */
  readonly conditionalThroughput: number | null
  /** Trials at the two bounds that count. */
  readonly trialsAtBounds: number
  /** Smaller loads missed and larger ones met. */
  readonly isInverted: boolean
}

/** Regular and irregular goal results as RFC 9971 has them. */
export function goalResult(goal: SearchGoal, attempts: readonly Attempt[], step: number): GoalResult {
  const bounds = relevantBounds(goal, attempts)
  const { lower, upper } = bounds
  const irregular = whyIrregular(goal, bounds, step)
  const at = (load: number | null) => (load === null ? [] : goalTrials(attempts, goal.name, load))
  return {
    ...bounds,
    goal: goal.name,
    isRegular: irregular === null,
    irregular,
    conditionalThroughput: lower === null ? null : throughputAt(goal, attempts, lower),
    trialsAtBounds: at(lower).length + at(upper).length,
    isInverted: attempts.some(
      ({ load, goals, verdict, leftOut }) =>
        verdict === 'valid' && leftOut === null && upper !== null && load > upper && goals[goal.name]?.met === true,
    ),
  }
}

function whyIrregular(goal: SearchGoal, bounds: RelevantBounds, step: number): string | null {
  const { lower, upper, untried } = bounds
  if (lower === null) return upper === null ? 'no load was decided' : 'the smallest load that was tried misses'
  if (upper === null) return 'no load that was tried misses'
  if (untried !== null) return `more could not be tried: ${untried}`
  return isNarrow(bounds, goal.width) || upper - lower <= step ? null : 'the bounds are still too far apart'
}

/** A trial of full length that tells what the system does at its load. */
export function isTypical(goal: SearchGoal, { verdict, leftOut, seconds }: Attempt): boolean {
  return verdict === 'valid' && leftOut === null && seconds >= goal.finalTrialSeconds
}

function throughputAt(goal: SearchGoal, attempts: readonly Attempt[], load: number): number | null {
  const achieved = attempts
    .filter((attempt) => attempt.load === load && isTypical(goal, attempt))
    .map((one) => one.achieved)
    .sort((a, b) => a - b)
  return achieved[Math.floor((achieved.length - 1) / 2)] ?? null
}
