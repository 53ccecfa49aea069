import { createRandom, drawNormal } from '../analysis/random.ts'
import type { GoalVerdict, SearchedSystem } from './attempt.ts'

/** Test data: the target of each goal, as a percentile of the latency. */
export interface SimulatedGoal {
  readonly name: string
  /** 0.99 for the p99. */
  readonly percentile: number
  readonly mostMs: number
}

export interface Simulated extends SearchedSystem {
  /** Seconds of load so far. */
  readonly trialSeconds: number
  /** The load at which this goal is met and missed equally often, as the system is now. */
  limitOf(goal: SimulatedGoal): number
}

export interface Nature {
  /** Requests per second that it can serve, after so many seconds of load. */
  readonly capacityAt: (trialSeconds: number) => number
  /** hard: latency jumps at the capacity. soft: it grows towards it, as that of a single server (M/M/1). */
  readonly knee: 'hard' | 'soft'
  /** Speed of one second of a trial, as a standard deviation; longer trials average it out. */
  readonly noise: number
  /** Share of trials in which something else disturbs the machine so much that every goal is missed. */
  readonly disturbed: number
  /** After an overload it can do only this share, until it is left in peace for so many seconds; null = recovers at once. */
  readonly stuck: { readonly share: number; readonly rest: number } | null
  /** Share of trials from which nothing can be concluded. */
  readonly invalid: number
}

export const PLAIN: Nature = {
  capacityAt: () => 1_000,
  knee: 'hard',
  noise: 0,
  disturbed: 0,
  stuck: null,
  invalid: 0,
}

/** A system whose limit is known, as a test for the search. */
export function simulateSystem(nature: Nature, goals: readonly SimulatedGoal[], seed: number): Simulated {
  const random = createRandom(seed)
  let trialSeconds = 0
  let isStuck = false

  /** The load at which the latency of this percentile is as long as the goal lets it be. */
  const limit = (capacity: number, { percentile, mostMs }: SimulatedGoal) =>
    nature.knee === 'hard' ? capacity : Math.max(0, capacity + Math.log(1 - percentile) / (mostMs / 1_000))

  return {
    keepsState: nature.stuck !== null,
    get trialSeconds() {
      return trialSeconds
    },
    limitOf: (goal) => limit(nature.capacityAt(trialSeconds), goal),
    async tryLoad(load, seconds) {
      const speed = Math.exp((nature.noise * drawNormal(random)) / Math.sqrt(seconds))
      const isDisturbed = random() < nature.disturbed
      const isInvalid = random() < nature.invalid
      const capacity = nature.capacityAt(trialSeconds) * speed * (isStuck ? (nature.stuck?.share ?? 1) : 1)
      trialSeconds += seconds
      if (nature.stuck !== null) isStuck ||= load > capacity
      const judge = (goal: SimulatedGoal): GoalVerdict => {
        const met = !isDisturbed && load <= limit(capacity, goal)
        return { met, misses: met ? [] : ['too slow'] }
      }
      const verdicts = Object.fromEntries(goals.map((goal) => [goal.name, judge(goal)]))
      const told = { broken: null, cannotOffer: false, seconds, achieved: Math.min(load, capacity) }
      return isInvalid
        ? { verdict: 'invalid', why: 'the clock jumped', goals: {}, ...told }
        : { verdict: 'valid', why: null, goals: verdicts, ...told }
    },
    async rest(seconds) {
      if (nature.stuck !== null && seconds >= nature.stuck.rest) isStuck = false
    },
  }
}
