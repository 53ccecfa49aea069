import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import { UnavailableError } from '../errors.ts'

/** So many calls must fail in a row before nobody tries any more. */
const FAILURES = 3

/**
 * Keeps calls away from a dependency that is down: they fail at once instead of waiting for their deadlines, and the
 * dependency is not hammered while it starts. After a pause one call tries; when it comes through, all do.
 */
export interface Breaker {
  readonly dependency: string
  readonly state: 'closed' | 'half-open' | 'open'
  /** @throws UnavailableError at once while the dependency counts as down, otherwise what `work` throws */
  run<T>(work: () => Promise<T>): Promise<T>
}

export interface BreakerOptions {
  /** As in the labels of metrics. */
  readonly dependency: string
  /** Whether an error says that the dependency is down, rather than that it refused this one call. */
  readonly isOutage: (error: unknown) => boolean
  /** Before one call may try again. */
  readonly pauseMs: number
}

const STATES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
} as const

export function createBreaker({ dependency, isOutage, pauseMs }: BreakerOptions): Breaker {
  const inARow = new ConsecutiveBreaker(FAILURES)
  const policy: CircuitBreakerPolicy = circuitBreaker(
    handleWhen((error) => {
      const counts = isOutage(error)
      // Whoever refuses a call is there.
      if (!counts) inARow.success()
      return counts
    }),
    { halfOpenAfter: pauseMs, breaker: inARow },
  )
  const refuse = () =>
    new UnavailableError(`${dependency} is down: not asked`, { retryAfterSeconds: Math.ceil(pauseMs / 1_000) })

  return {
    dependency,
    get state() {
      return STATES[policy.state]
    },
    async run(work) {
      // The others do not wait for the one that tries.
      if (policy.state === CircuitState.HalfOpen) throw refuse()
      let isAsked = false
      try {
        return await policy.execute(() => {
          isAsked = true
          return work()
        })
      } catch (error) {
        throw isAsked ? error : refuse()
      }
    },
  }
}
