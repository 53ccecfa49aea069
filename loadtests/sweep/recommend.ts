import { comparePaired } from '../analysis/compare-figures.ts'
import { formatShare } from '../analysis/format.ts'
import { pairsWithinRounds } from '../analysis/pairs-within-rounds.ts'
import type { ByRound } from '../analysis/rounds.ts'
import type { KnobName } from './knobs.ts'
import type { PointResult, Recommendation } from './sweep-file.ts'

/** Many pairs are looked at. */
const RESAMPLES = 500
/** What may be given away for a smaller size. */
export const CLOSE_TO_BEST = 0.03

/** A value of the knob and the figure that points are compared by, round for round. */
export interface Place {
  readonly value: number
  readonly rounds: ByRound
}

/** Within rounds, so that the machine's drift cancels; bounds are null in too few rounds. */
export function ratioBetween(first: ByRound, second: ByRound): PointResult['ratio_to_best'] {
  return comparePaired(pairsWithinRounds(first, second), { resamples: RESAMPLES }).ratio
}

/** The smallest value that brings the best figure but for 3 %, and whether that is certain. */
export function recommend(knob: KnobName, places: readonly Place[], best: Place): Recommendation | null {
  const rivals = places.filter((place) => mayBeBest(place, best))
  const ratios = [...places]
    .sort((a, b) => a.value - b.value)
    .map((place) => ({ value: place.value, ...worstRatio(place, rivals) }))
  const least = 1 - CLOSE_TO_BEST
  // The best one is within 3 % of itself.
  const chosen = ratios.find(({ value, estimate }) => value === best.value || estimate >= least)
  if (chosen === undefined) return null
  const certain = ratios.find(({ low }) => low !== null && low >= least)?.value ?? null
  const possible = ratios.find(({ high }) => high === null || high >= least)?.value ?? chosen.value
  const share = formatShare(CLOSE_TO_BEST)
  const isCertain = certain === chosen.value && possible === chosen.value
  const doubt = ratios.some(({ low }) => low === null)
    ? 'with fewer than 5 rounds there is no interval that could make it certain'
    : `the noise does not allow to tell more than that it is ${possible}${certain === null ? ' or more' : ` to ${certain}`}`
  const told = `${knob} ${chosen.value} is the smallest within ${share} of the best (${best.value})${isCertain ? '' : `; ${doubt}`}`
  return { knob, value: chosen.value, certain: isCertain ? certain : null, best: best.value, told }
}

/** Nobody knows it in too few rounds. */
function mayBeBest({ value, rounds }: Place, best: Place): boolean {
  const ratio = ratioBetween(rounds, best.rounds)
  return value === best.value || (ratio !== null && (ratio.high === null || ratio.high >= 1 - CLOSE_TO_BEST))
}

type Bounds = NonNullable<PointResult['ratio_to_best']>

/** Against all rivals, each of which may be the true best: whichever of them came out on top owes that to chance as well. */
function worstRatio({ value, rounds }: Place, rivals: readonly Place[]): Bounds {
  const ratios = rivals
    .filter((rival) => rival.value !== value)
    .flatMap((rival) => ratioBetween(rounds, rival.rounds) ?? [])
  const least = (read: (ratio: Bounds) => number | null) => {
    const values = ratios.map(read)
    return values.includes(null) ? null : Math.min(1, ...values.filter((one) => one !== null))
  }
  return {
    estimate: least(({ estimate }) => estimate) ?? 1,
    low: least(({ low }) => low),
    high: least(({ high }) => high),
  }
}
