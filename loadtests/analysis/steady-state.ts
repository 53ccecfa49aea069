/** A trend is believed when chance alone makes one like it in less than 1 of 100 series (two-sided), … */
const TREND_Z = 2.576
/** … and matters when it moves the figure by more than this share. */
const TREND_SHARE = 0.1

/** Fewer values than this tell nothing of a warm-up or a trend. */
export const MINIMUM_SLICES = 12

export interface SteadyPart {
  /** Index of the first value after the warm-up. */
  readonly from: number
  /** Mean of the last third over that of the first, after the warm-up, less 1. */
  readonly drift: number
  readonly isSteady: boolean
}

/**
 * Finds where the warm-up of a series ends, and whether what follows stays where it is. `values` are figures of equal
 * parts of a load in their order. Null for fewer than MINIMUM_SLICES. The cut is MSER's (White, Simulation 69:6, 1997):
 * the one that leaves the mean with the smallest standard error; one that falls behind the middle means that there is
 * no steady part, and then nothing is cut. The trend is Mann and Kendall's.
 */
export function findSteadyPart(values: readonly number[]): SteadyPart | null {
  if (values.length < MINIMUM_SLICES) return null
  const cut = smallestErrorCut(values)
  const from = cut > values.length / 2 ? 0 : cut
  const rest = values.slice(from)
  const third = Math.floor(rest.length / 3)
  const drift = mean(rest.slice(-third)) / mean(rest.slice(0, third)) - 1
  const isTrend = Math.abs(trendOf(rest)) > TREND_Z && Math.abs(drift) > TREND_SHARE
  return { from, drift, isSteady: from === cut && !isTrend }
}

function smallestErrorCut(values: readonly number[]): number {
  let best = { cut: 0, error: Number.POSITIVE_INFINITY }
  // The last few values alone are alike by chance.
  for (let cut = 0; cut <= values.length - 5; cut++) {
    const rest = values.slice(cut)
    const middle = mean(rest)
    const error = rest.reduce((sum, value) => sum + (value - middle) ** 2, 0) / rest.length ** 2
    if (error < best.error) best = { cut, error }
  }
  return best.cut
}

/** The statistic of Mann and Kendall, standard normal where there is no trend; ties are counted as neither up nor down. */
function trendOf(values: readonly number[]): number {
  let sum = 0
  for (const [index, earlier] of values.entries())
    for (const later of values.slice(index + 1)) sum += Math.sign(later - earlier)
  const count = values.length
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18)
  return (sum - Math.sign(sum)) / deviation
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
