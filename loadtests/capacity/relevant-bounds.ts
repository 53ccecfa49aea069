import { type Attempt, goalTrials } from './attempt.ts'
import { classifyLoad, newestTrials } from './classify-load.ts'
import type { SearchGoal } from './search-goal.ts'

/** After so many invalid trials at a load it is given up; after fewer where the load cannot even be made. */
const MOST_INVALID = 5
const MOST_NOT_OFFERED = 2

export interface RelevantBounds {
  /** The largest load that is a lower bound and below the upper one. */
  readonly lower: number | null
  /** The smallest load that is an upper bound, or that cannot be tried. */
  readonly upper: number | null
  /** Why the upper one could not be tried; null for a true bound. */
  readonly untried: string | null
}

/** Source: RFC 9971, relevant bounds: where a larger load does better than a smaller one, the smaller one is believed. */
export function relevantBounds(goal: SearchGoal, attempts: readonly Attempt[]): RelevantBounds {
  const loads = [...new Set(attempts.map(({ load }) => load))].sort((a, b) => a - b)
  const classes = loads.map((load) => classOf(goal, attempts, load))
  const untried = loads.map((load) => whyUntried(attempts, load))
  const first = loads.findIndex((_, index) => classes[index] === 'upper bound' || untried[index] !== null)
  const below = first === -1 ? loads.length : first
  const last = classes.slice(0, below).lastIndexOf('lower bound')
  return {
    lower: loads[last] ?? null,
    upper: loads[first] ?? null,
    untried: first === -1 || classes[first] === 'upper bound' ? null : (untried[first] ?? null),
  }
}

export function classOf(goal: SearchGoal, attempts: readonly Attempt[], load: number) {
  return classifyLoad(goal, newestTrials(goal, goalTrials(attempts, goal.name, load)))
}

/** Null as long as there are as many valid trials. */
function whyUntried(attempts: readonly Attempt[], load: number): string | null {
  const here = attempts.filter((attempt) => attempt.load === load)
  const invalid = here.filter(({ verdict }) => verdict === 'invalid')
  const notOffered = invalid.filter(({ cannotOffer }) => cannotOffer).length
  const isGivenUp = invalid.length >= MOST_INVALID || notOffered >= MOST_NOT_OFFERED
  return isGivenUp && 2 * invalid.length > here.length ? (invalid.at(-1)?.why ?? 'it is invalid') : null
}

export function isNarrow({ lower, upper }: RelevantBounds, width: number): boolean {
  return lower !== null && upper !== null && upper <= lower * (1 + width) * (1 + 1e-9)
}
