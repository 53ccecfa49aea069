import { mergeHistograms } from '../analysis/histograms.ts'
import { answersOf, type ByRound, steadyPartOf, succeeded } from '../analysis/rounds.ts'
import type { Load, Trial } from '../run-file.ts'

/** One figure of each round, of the trials that count. Trials of points have a single load. */
export function figureByRound(trials: readonly Trial[], figure: (load: Load, trial: Trial) => number | null): ByRound {
  const values = new Map<number, number>()
  for (const trial of trials.filter(succeeded)) {
    const [load] = trial.loads
    const value = load ? figure(load, trial) : null
    if (value !== null && Number.isFinite(value)) values.set(trial.round, value)
  }
  return values
}

export function answeredPerSecond(load: Load): number {
  const part = steadyPartOf(load)
  return answersOf(part) / part.seconds
}

export function acceptedPerSecond(load: Load): number {
  const part = steadyPartOf(load)
  return part.accepted / part.seconds
}

/**
 * Redemptions per second from the load's begin, or the drain's where the load came first, to the last mail; null where
 * nothing was redeemed.
 */
export function drainedPerSecond({ name, seconds }: Load, { drain }: Trial): number | null {
  if (drain === null || drain.redemptions === 0) return null
  return drain.redemptions / (drain.seconds + (name === 'running' ? seconds : 0))
}

/** Milliseconds; null without an answer. */
export function latencyMs(load: Load, percentile: number | 'mean'): number | null {
  const histogram = mergeHistograms([steadyPartOf(load).histogram])
  if (histogram === null || histogram.totalCount === 0) return null
  return (percentile === 'mean' ? histogram.mean : histogram.getValueAtPercentile(percentile)) / 1_000
}
