import type { Pair, Plan, StopReason } from '../run-file.ts'
import { MINIMUM_ROUNDS } from './bootstrap.ts'

/** Where a run with a goal for its intervals ends at the latest, unless it says otherwise. */
export const DEFAULT_MAX_ROUNDS = 30

/**
 * Whether a run ends after a round, and why. A goal looks at how wide the intervals are and not at where they lie, so
 * that it does not choose the moment at which chance looks like a difference.
 */
export function whyStop(
  plan: Pick<Plan, 'rounds' | 'width' | 'max_rounds'>,
  round: number,
  pairs: readonly Pair[],
): StopReason | null {
  if (round < plan.rounds) return null
  if (plan.width === null) return 'all rounds were done'
  if (round >= MINIMUM_ROUNDS && isNarrow(pairs, plan.width)) return 'the intervals were narrow enough'
  return round >= (plan.max_rounds ?? DEFAULT_MAX_ROUNDS) ? 'the limit of rounds was reached' : null
}

/** ±5 % is a width of 0.05. Without any interval nothing is narrow. */
function isNarrow(pairs: readonly Pair[], width: number): boolean {
  return pairs.length > 0 && pairs.every((pair) => halfWidth(pair) <= width)
}

/** By how much, as a share of the ratio, its upper bound is above it. */
export function halfWidth({ ratio }: Pick<Pair, 'ratio'>): number {
  if (ratio === null || ratio.low === null || ratio.high === null) return Number.POSITIVE_INFINITY
  return Math.sqrt(ratio.high / ratio.low) - 1
}
