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
 * Looks for the highest rate that holds, on a ladder around a first guess: up while rates hold, down while they do not.
 * Yields the rate to try next and is told the outcome, so that several searches can take turns.
 * @returns the highest rate that held; null when none did within the trials
 */
export function* searchRate(start: number, search = RATE_SEARCH): Generator<number, number | null, RateOutcome> {
  const known = new Map<number, boolean>()
  let trials = 0
  /** @returns undefined when there are no trials left */
  function* decide(rung: number): Generator<number, boolean | undefined, RateOutcome> {
    let [held, invalid] = [0, 0]
    while (held < search.repeats && invalid < MOST_INVALID) {
      if (trials++ >= search.mostTrials) return undefined
      const outcome = yield start * search.step ** rung
      if (outcome === 'misses') return false
      if (outcome === 'holds') held++
      else invalid++
    }
    return held >= search.repeats
  }
  for (let rung = 0; ; ) {
    const holds = yield* decide(rung)
    if (holds === undefined) break
    known.set(rung, holds)
    const next = holds ? rung - 1 : rung + 1
    if (known.has(next)) break
    rung = next
  }
  const best = Math.min(...[...known].filter(([, holds]) => holds).map(([rung]) => rung))
  return Number.isFinite(best) ? start * search.step ** best : null
}
