import { type Attempt, isOverload, missed, type SearchedSystem } from './attempt.ts'
import { chooseTrial, type LoadRange } from './choose-load.ts'
import { relevantBounds } from './relevant-bounds.ts'
import type { SearchGoal } from './search-goal.ts'

export interface SearchOptions {
  readonly goals: readonly SearchGoal[]
  readonly range: LoadRange
  /** Not more trials than these in all, however noisy the system is. */
  readonly mostTrials: number
  /** For a system that keeps state: how long it is left in peace after an overload. */
  readonly restSeconds: number
  readonly onAttempt?: (attempts: readonly Attempt[]) => void
}

export interface Search {
  readonly attempts: readonly Attempt[]
  readonly ended: 'every goal is settled' | 'an invariant broke' | 'the limit of trials was reached'
  /** What a system that keeps state does after an overload; null where that was not seen. */
  readonly afterOverload: 'recovers at once' | 'recovers after a rest' | null
}

/** After so many times what it can do, a system is asked for this share of that. */
const OVERLOAD_FACTOR = 2
const PROBE_SHARE = 0.75
const PROBE = 'it asks what an overload leaves behind'

/**
 * Searches the capacity for several goals at once, by RFC 9971: each trial counts for all of them. When the bounds of a goal
 * are narrow enough, both are tried once more, as they may be old by then. All that is found follows from the attempts.
 */
export async function searchCapacity(system: SearchedSystem, options: SearchOptions): Promise<Search> {
  const { goals, range, mostTrials } = options
  const session = createSession(system, options)
  const confirmed = new Set<string>()
  while (session.attempts.length < mostTrials) {
    if (session.attempts.some(({ broken }) => broken !== null)) return session.end('an invariant broke')
    const open = goals.find((goal) => chooseTrial(goal, session.attempts, range) !== null)
    const next = open && chooseTrial(open, session.attempts, range)
    if (next) {
      await session.attempt(next.load, next.seconds)
      continue
    }
    const unsure = goals.find((goal) => !confirmed.has(keyOf(goal, session.attempts)))
    if (unsure === undefined) return session.end('every goal is settled')
    confirmed.add(keyOf(unsure, session.attempts))
    await session.confirm(unsure)
  }
  return session.end('the limit of trials was reached')
}

function keyOf(goal: SearchGoal, attempts: readonly Attempt[]): string {
  const { lower, upper } = relevantBounds(goal, attempts)
  return JSON.stringify([goal.name, lower, upper])
}

function createSession(system: SearchedSystem, { restSeconds, onAttempt }: SearchOptions) {
  let attempts: readonly Attempt[] = []
  let afterOverload: Search['afterOverload'] = null

  async function attempt(load: number, seconds: number, leftOut: string | null = null): Promise<Attempt> {
    // Else a system that stays down after an overload would be taken for a slow one.
    if (system.keepsState && leftOut === null && isOverload(attempts.at(-1))) await system.rest(restSeconds)
    const made = { ...(await system.tryLoad(load, seconds)), load, leftOut }
    attempts = [...attempts, made]
    onAttempt?.(attempts)
    return made
  }

  /** Once more, as it may be old by now; and again if it is no longer what it was, so that the new outvotes the old. */
  async function confirmBound(goal: SearchGoal, load: number, isUpper: boolean): Promise<Attempt> {
    const { name, finalTrialSeconds } = goal
    const first = await attempt(load, finalTrialSeconds)
    if (missed(first, name) !== isUpper) await attempt(load, finalTrialSeconds)
    return first
  }

  /** Right after an overload, and then rested. @returns null when neither tells */
  async function askAfterOverload(goal: SearchGoal, lower: number): Promise<Search['afterOverload']> {
    const { name, initialTrialSeconds: seconds } = goal
    await attempt(OVERLOAD_FACTOR * lower, seconds, PROBE)
    const isStuck = missed(await attempt(PROBE_SHARE * lower, seconds, PROBE), name)
    await system.rest(restSeconds)
    if (!isStuck) return 'recovers at once'
    return missed(await attempt(lower, goal.finalTrialSeconds), name) ? null : 'recovers after a rest'
  }

  return {
    get attempts() {
      return attempts
    },
    attempt,
    end: (ended: Search['ended']): Search => ({ attempts, ended, afterOverload }),
    async confirm(goal: SearchGoal): Promise<void> {
      const { lower, upper, untried } = relevantBounds(goal, attempts)
      if (upper !== null && untried === null) await confirmBound(goal, upper, true)
      if (lower === null) return
      if (system.keepsState && afterOverload === null) afterOverload = await askAfterOverload(goal, lower)
      await confirmBound(goal, lower, false)
    },
  }
}
