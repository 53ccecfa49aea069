import type { SearchGoal } from './search-goal.ts'

/** What one trial at a load says of one goal. */
export interface GoalTrial {
  readonly seconds: number
  /** All targets of the goal were met. */
  readonly met: boolean
}

export type LoadClass = 'lower bound' | 'upper bound' | 'undecided'

type Rule = Pick<SearchGoal, 'exceedRatio' | 'finalTrialSeconds' | 'durationSum'>

/**
 * Decided as soon as the seconds that the goal's duration sum still leaves cannot change it. Short trials that missed
 * count only as far as short ones that met do not make up for them.
 * Source: RFC 9971, appendix A, whose example is this function's test.
 */
export function classifyLoad(
  { exceedRatio, finalTrialSeconds, durationSum }: Rule,
  trials: readonly GoalTrial[],
): LoadClass {
  const sum = (isFull: boolean, met: boolean) =>
    trials
      .filter((trial) => trial.seconds >= finalTrialSeconds === isFull && trial.met === met)
      .reduce((total, { seconds }) => total + seconds, 0)
  const balancing = (sum(false, true) * exceedRatio) / (1 - exceedRatio)
  const missed = sum(true, false) + Math.max(0, sum(false, false) - balancing)
  const full = sum(true, true) + missed
  const whole = Math.max(full, durationSum)
  if (missed / whole > exceedRatio) return 'upper bound'
  return (missed + whole - full) / whole <= exceedRatio ? 'lower bound' : 'undecided'
}

/**
 * The newest trials that fill the duration sum. The RFC counts all that there are; a machine that drifts is better
 * judged by what it does now.
 * @param trials in the order in which they ran
 */
export function newestTrials<Trial extends GoalTrial>(rule: Rule, trials: readonly Trial[]): Trial[] {
  const newest: Trial[] = []
  let seconds = 0
  for (const trial of trials.toReversed()) {
    if (seconds >= rule.durationSum) break
    if (trial.seconds >= rule.finalTrialSeconds) seconds += trial.seconds
    newest.unshift(trial)
  }
  return newest
}
