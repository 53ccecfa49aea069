/**
 * A search goal of RFC 9971 (MLRsearch). There a trial fails a goal by losing too much; here by missing a target.
 * Loads are people per second of an open loop, or connections of a closed one.
 */
export interface SearchGoal {
  readonly name: string
  /** Goal width: the relevant bounds lie at most so far apart, as a share of the lower one. */
  readonly width: number
  /** Goal exceed ratio, below 1: this share of the time at a load may miss its targets, and it is still a lower bound. */
  readonly exceedRatio: number
  /** Seconds of a trial while the bounds are still far apart. */
  readonly initialTrialSeconds: number
  /** Goal final trial duration: a shorter trial decides nothing alone. */
  readonly finalTrialSeconds: number
  /** Goal duration sum: no load needs more seconds than these to be decided. */
  readonly durationSum: number
}

/** The best of three, each long enough for a tail: one bad moment of the machine decides nothing. */
export const GOAL_DEFAULTS = {
  width: 0.02,
  exceedRatio: 0.5,
  initialTrialSeconds: 2,
  finalTrialSeconds: 6,
  durationSum: 18,
} as const satisfies Omit<SearchGoal, 'name'>

/** The first stage leaves the bounds so many widths apart: a power of two, as they are halved. */
const COARSE_WIDTHS = 4
/** Loads are rounded, and yet the bounds shall not lie further apart than the width. */
const ROUNDING = 0.98

/**
 * What is aimed at one after the other: first wide bounds by single short trials, which only say where to look, then the
 * goal itself.
 */
export function stagesOf(goal: SearchGoal): readonly [coarse: SearchGoal, final: SearchGoal] {
  const { initialTrialSeconds: seconds, width } = goal
  return [{ ...goal, width: (1 + width) ** COARSE_WIDTHS - 1, finalTrialSeconds: seconds, durationSum: seconds }, goal]
}

/** While nothing bounds it, a load is multiplied by this: at most 2, and so that halving it ends at the width. */
export function strideOf({ width }: Pick<SearchGoal, 'width'>): number {
  const one = Math.log(1 + ROUNDING * width)
  return Math.exp(one * 2 ** Math.max(0, Math.floor(Math.log2(Math.LN2 / one))))
}
