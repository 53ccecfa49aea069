import { brokenInvariants } from '../analysis/merge-invariants.ts'
import type { Trial } from '../run-file.ts'

/** The invariant that a system which is only too slow breaks as well. */
export const DRAINED_IN_TIME = 12

/** The numbers of the invariants that broke in any of these trials, ascending. */
export function brokenNumbers(trials: readonly Pick<Trial, 'invariants'>[]): number[] {
  const numbers = trials.flatMap(brokenInvariants).map(({ number }) => number)
  return [...new Set(numbers)].sort((a, b) => a - b)
}
