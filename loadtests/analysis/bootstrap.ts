import type { Interval } from '../run-file.ts'
import { createRandom } from './random.ts'

/** With fewer rounds not even their whole range covers the median in about 95 % of runs: a result is INCONCLUSIVE. */
export const MINIMUM_ROUNDS = 5

/** Up to so many values the percentile interval of their median is their whole range. */
export const WHOLE_RANGE_ROUNDS = 5

/** Fixed, so that rendering a run again gives the same interval. */
const SEED = 20_240_601
const RESAMPLES = 4000

/** Middle value of a non-empty list; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = at(sorted, middle)
  return sorted.length % 2 === 1 ? upper : (at(sorted, middle - 1) + upper) / 2
}

/**
 * Share of runs, 0…1, in which the range of so many independent values holds the median: it fails to when all of them
 * lie on one side. 3 values 75 %, 5 values 93.75 %, 6 values 96.9 %; no interval within the range covers more.
 */
export function rangeCoverage(values: number): number {
  return Math.max(0, 1 - 2 * 0.5 ** values)
}

/** Medians of `resamples` samples drawn with replacement, in ascending order. */
export function resampledMedians(values: readonly number[], resamples = RESAMPLES): number[] {
  const random = createRandom(SEED)
  const draw = () => at(values, Math.floor(random() * values.length))
  return Array.from({ length: resamples }, () => median(values.map(draw))).sort((a, b) => a - b)
}

/**
 * Median with the 2.5 % and 97.5 % percentiles of its bootstrap. One value per whole round goes in: rounds are
 * independent, the seconds within a round are not. Of few values that covers less than the 95 % that its name says: of
 * up to 5 it is their whole range (rangeCoverage). One round gives low = high = median. Null without any value.
 * Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
 */
export function bootstrapMedian(values: readonly number[]): Interval | null {
  if (values.length === 0) return null
  const medians = resampledMedians(values)
  return {
    median: median(values),
    low: at(medians, Math.floor(0.025 * medians.length)),
    high: at(medians, Math.ceil(0.975 * medians.length) - 1),
  }
}

function at(values: readonly number[], index: number): number {
  const value = values[index]
  if (value === undefined) throw new RangeError(`no value at index ${index} of ${values.length}`)
  return value
}
