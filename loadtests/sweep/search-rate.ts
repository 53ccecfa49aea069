/** What a trial at a rate showed; `invalid`: nothing can be concluded from it. */
export type RateOutcome = 'holds' | 'misses' | 'invalid'

export interface RateSearch {
  /** Rates are so many times each other. */
  readonly step: number
  /** A rate counts as held when so many trials at it held, and none missed. */
  readonly repeats: number
  /** More trials than these are not made. */
  readonly mostTrials: number
}

export const RATE_SEARCH: RateSearch = { step: 0.9, repeats: 2, mostTrials: 16 }

/** An invalid trial is made again, but not for ever: what cannot be shown does not hold. */
const MOST_INVALID = 3

/**
 * Looks for the highest rate that holds, on a ladder around a first guess: up while rates hold, down while they do not,
 * with one trial each; then that one must hold again, or it goes on down.
 * Yields the rate to try next and is told the outcome, so that several searches can take turns.
 * @returns the highest rate that held so often; null when none did within the trials
 */
export function* searchRate(start: number, search = RATE_SEARCH): Generator<number, number | null, RateOutcome> {
  const rungs = new Map<number, { held: number; invalid: number; missed: boolean }>()
  let trials = 0
  /** Whether a rung has held so often; undefined when there are no trials left. */
  function* holds(rung: number, times: number): Generator<number, boolean | undefined, RateOutcome> {
    const known = rungs.get(rung) ?? { held: 0, invalid: 0, missed: false }
    rungs.set(rung, known)
    while (!known.missed && known.held < times) {
      if (trials++ >= search.mostTrials) return undefined
      const outcome = yield start * search.step ** rung
      if (outcome === 'holds') known.held++
      if (outcome === 'invalid') known.invalid++
      known.missed = outcome === 'misses' || known.invalid >= MOST_INVALID
    }
    return !known.missed
  }
  let rung = 0
  if (yield* holds(0, 1)) while (yield* holds(rung - 1, 1)) rung--
  for (;;) {
    const confirmed = yield* holds(rung, search.repeats)
    if (confirmed === undefined) return null
    if (confirmed) return start * search.step ** rung
    rung++
  }
}
