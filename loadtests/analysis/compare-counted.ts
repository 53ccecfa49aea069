export type CountedVerdict = 'more' | 'fewer' | 'the same'

export interface CountedComparison {
  readonly verdict: CountedVerdict
  /** Operations per redemption of both. */
  readonly first: number
  readonly second: number
  /** Less than this is no difference. */
  readonly tolerance: number
}

/**
 * A busy system polls less than the idle one whose polling was subtracted, and a request that is cut off counts half:
 * that is far below one operation in fifty requests.
 */
const TOLERANCE_PER_REDEMPTION = 0.02

/**
 * Operations that requests cause (Redis commands, round trips, SQL statements) are counted at the system's own clients:
 * they do not depend on the speed of the machine, so that they are compared as they are, from a single round on.
 * @param background operations per redemption that the system does by itself and that were subtracted; they may be off
 *   by as much as they are
 */
export function compareCounted(first: number, second: number, background = 0): CountedComparison {
  const tolerance = TOLERANCE_PER_REDEMPTION + background
  const verdict = Math.abs(first - second) <= tolerance ? 'the same' : first > second ? 'more' : 'fewer'
  return { verdict, first, second, tolerance }
}
