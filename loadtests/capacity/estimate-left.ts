import type { Attempt } from './attempt.ts'
import { type RelevantBounds, relevantBounds } from './relevant-bounds.ts'
import { type SearchGoal, stagesOf, strideOf } from './search-goal.ts'

/** A load takes two to three trials of full length, and each bound is confirmed once. */
const TRIALS_PER_LOAD = 2
const TO_CONFIRM = 2
/** Doublings until something bounds the load: nobody knows how many. */
const TO_BOUND = 4

/** About so many trials are left to a search: for the person who waits, no more. */
export function estimateTrialsLeft(goals: readonly SearchGoal[], attempts: readonly Attempt[]): number {
  return goals.reduce((sum, goal) => sum + leftOf(goal, attempts), 0)
}

function leftOf(goal: SearchGoal, attempts: readonly Attempt[]): number {
  const [coarse, final] = stagesOf(goal)
  const [wide, narrow] = [relevantBounds(coarse, attempts), relevantBounds(final, attempts)]
  const coarseLeft = halvings(goal, wide, coarse.width)
  const bounds = narrow.lower === null || narrow.upper === null ? 2 : 0
  const finalLeft = halvings(goal, bounds > 0 ? { ...wide, ...known(narrow) } : narrow, final.width)
  return (
    coarseLeft + TRIALS_PER_LOAD * (bounds + Math.max(0, finalLeft - coarseLeft)) + (finalLeft > 0 ? TO_CONFIRM : 0)
  )
}

function known({ lower, upper }: RelevantBounds): Partial<RelevantBounds> {
  return { ...(lower !== null && { lower }), ...(upper !== null && { upper }) }
}

function halvings(goal: SearchGoal, { lower, upper }: RelevantBounds, width: number): number {
  const isBounded = lower !== null && upper !== null
  const ratio = isBounded ? upper / lower : strideOf(goal)
  const widths = Math.log(ratio) / Math.log(1 + width)
  return Math.max(0, Math.ceil(Math.log2(Math.max(1, widths - 1e-6)))) + (isBounded ? 0 : TO_BOUND)
}
