import { invariantVerdict } from '../analysis/merge-invariants.ts'
import type { Trial } from '../run-file.ts'

/** The numbers of the invariants that broke in any of these trials, ascending. */
export function brokenNumbers(trials: readonly Pick<Trial, 'invariants'>[]): number[] {
  const broken = trials.flatMap(({ invariants }) => invariants.filter((one) => invariantVerdict(one) === 'broken'))
  return [...new Set(broken.map(({ number }) => number))].sort((a, b) => a - b)
}
