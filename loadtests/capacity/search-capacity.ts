import { type Attempt, isAnyMissed, isOverload, missed, type SearchedSystem } from './attempt.ts'
import { chooseTrial, type LoadRange } from './choose-load.ts'
import { type RelevantBounds, relevantBounds } from './relevant-bounds.ts'
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
  readonly afterOverload: 'recovers at once' | 'recovers after a rest' | 'does not recover' | null
}

/** Right after an overload a system is asked for this share of what it could do before. */
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

function createSession(system: SearchedSystem, { goals, restSeconds, onAttempt }: SearchOptions) {
  let attempts: readonly Attempt[] = []
  let restsAfterOverload = false
  let afterOverload: Search['afterOverload'] = null

  async function attempt(load: number, seconds: number, leftOut: string | null = null): Promise<Attempt> {
    if (restsAfterOverload && isOverload(attempts.at(-1))) await system.rest(restSeconds)
    const made = { ...(await system.tryLoad(load, seconds)), load, leftOut }
    attempts = [...attempts, made]
    onAttempt?.(attempts)
    return made
  }

  /** What missed right after an overload may only show what that one had left behind. */
  function distrust(): void {
    restsAfterOverload = true
    attempts = attempts.map((one, index) =>
      isAnyMissed(one) && isOverload(attempts[index - 1])
        ? { ...one, leftOut: 'it came right after an overload' }
        : one,
    )
  }

  /** Once more, as it may be old by now; and again if it is no longer what it was, so that the new outvotes the old. */
  async function confirmBound(
    { name, finalTrialSeconds }: SearchGoal,
    load: number,
    isUpper: boolean,
  ): Promise<Attempt> {
    const first = await attempt(load, finalTrialSeconds)
    if (missed(first, name) !== isUpper) await attempt(load, finalTrialSeconds)
    return first
  }

  /** The upper bound on a rested system; then what such an overload leaves behind; then the lower bound. */
  async function confirmRested(goal: SearchGoal, { lower, upper, untried }: RelevantBounds): Promise<void> {
    await system.rest(restSeconds)
    const top = upper !== null && untried === null ? await confirmBound(goal, upper, true) : undefined
    if (top !== undefined && !missed(top, goal.name) && !restsAfterOverload) distrust()
    if (lower === null) return
    const asks = !restsAfterOverload && afterOverload === null && isOverload(attempts.at(-1))
    const stuck = asks && missed(await attempt(PROBE_SHARE * lower, goal.finalTrialSeconds, PROBE), goal.name)
    await system.rest(restSeconds)
    const works = !missed(await confirmBound(goal, lower, false), goal.name)
    if (!asks) return
    afterOverload = !stuck ? 'recovers at once' : works ? 'recovers after a rest' : 'does not recover'
    if (stuck) distrust()
  }

  return {
    get attempts() {
      return attempts
    },
    attempt,
    end: (ended: Search['ended']): Search => ({
      attempts,
      ended,
      afterOverload: afterOverload ?? (isRedeemed(goals, attempts) ? 'recovers after a rest' : null),
    }),
    async confirm(goal: SearchGoal): Promise<void> {
      const bounds = relevantBounds(goal, attempts)
      if (system.keepsState) return confirmRested(goal, bounds)
      if (bounds.upper !== null && bounds.untried === null) await confirmBound(goal, bounds.upper, true)
      if (bounds.lower !== null) await confirmBound(goal, bounds.lower, false)
    },
  }
}

/** A load that missed right after an overload lies well within what the rested system can do. */
function isRedeemed(goals: readonly SearchGoal[], attempts: readonly Attempt[]): boolean {
  return goals.some((goal) => {
    const { lower } = relevantBounds(goal, attempts)
    const reach = (lower ?? 0) / (1 + 2 * goal.width)
    return attempts.some((one) => one.leftOut !== null && missed(one, goal.name) && one.load < reach)
  })
}
