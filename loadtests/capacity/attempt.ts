/** What one trial of a search says of one goal. */
export interface GoalVerdict {
  readonly met: boolean
  /** Which target was missed, and by how much; empty when all were met. */
  readonly misses: readonly string[]
}

/** What a system answers to a load. */
export interface TrialAnswer {
  /** `invalid`: nothing can be concluded from it; it does not count. */
  readonly verdict: 'valid' | 'invalid'
  /** Why it is invalid, or which invariant broke. */
  readonly why: string | null
  /** The invariant that broke: then the capacity is 0, whatever was met. */
  readonly broken: string | null
  /** It is invalid because the load could not be made at all, so that to try again is of little use. */
  readonly cannotOffer: boolean
  /** Of the load itself: may be longer than was asked for. */
  readonly seconds: number
  /** By the name of the goal; empty when invalid. */
  readonly goals: Readonly<Record<string, GoalVerdict>>
  /** What the system really did, in the unit of the load. */
  readonly achieved: number
}

/** One trial of a search, in the order in which they ran. */
export interface Attempt extends TrialAnswer {
  readonly load: number
  /** Why it is left out although it is valid: the system may not have recovered from the trial before. */
  readonly leftOut: string | null
}

/** Something whose capacity is searched: real or simulated, the search does not know. */
export interface SearchedSystem {
  /** True where a trial may feel what the one before has left behind. */
  readonly keepsState: boolean
  /** @throws when the search is interrupted */
  tryLoad(load: number, seconds: number): Promise<TrialAnswer>
  /** Leaves the system in peace, so that it can recover. */
  rest(seconds: number): Promise<void>
}

/** Those of one load that count, as a goal sees them. */
export function goalTrials(attempts: readonly Attempt[], goal: string, load: number) {
  return attempts
    .filter((attempt) => attempt.load === load && attempt.verdict === 'valid' && attempt.leftOut === null)
    .map(({ seconds, goals }) => ({ seconds, met: goals[goal]?.met === true }))
}

/** It counts, and missed this goal. */
export function missed(attempt: Attempt | undefined, goal: string): boolean {
  return attempt?.verdict === 'valid' && attempt.goals[goal]?.met === false
}

/** It was more than the system could do by any goal. */
export function isOverload(attempt: Attempt | undefined): boolean {
  return attempt?.verdict === 'valid' && Object.values(attempt.goals).every(({ met }) => !met)
}
