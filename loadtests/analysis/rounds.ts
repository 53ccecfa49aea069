import type { Interval, Load, Trial } from '../run-file.ts'
import { bootstrapMedian } from './bootstrap.ts'
import { latenciesOf, mergeHistograms } from './histograms.ts'

/** Round number → one figure of that round. */
export type ByRound = ReadonlyMap<number, number>

export function intervalOverRounds(values: ByRound): Interval | null {
  return bootstrapMedian([...values.values()])
}

/**
 * Interval of numerator / denominator, each pair from the same round. The machine's speed drifts from round to
 * round; within one it cancels. Rounds that lack either side are left out. Null when none is left.
 */
export function ratioWithinRounds(numerator: ByRound, denominator: ByRound): Interval | null {
  const ratios: number[] = []
  for (const [round, value] of numerator) {
    const base = denominator.get(round)
    if (base !== undefined && base > 0) ratios.push(value / base)
  }
  return bootstrapMedian(ratios)
}

export function loadOf(trial: Trial, name: Load['name']): Load | undefined {
  return trial.loads.find((load) => load.name === name)
}

export function succeeded(trial: Trial): boolean {
  return trial.status === 'ok'
}

/** Accepted per second of one load, by round, of the trials that succeeded. */
export function acceptedByRound(trials: readonly Trial[], name: Load['name']): ByRound {
  return ratesByRound(trials, name, ({ accepted }) => accepted)
}

/** Answers per second of one load, by round, of the trials that succeeded. */
export function answeredByRound(trials: readonly Trial[], name: Load['name']): ByRound {
  return ratesByRound(trials, name, answersOf)
}

/** Redemptions per second that the drain of the paused load carried, by round. */
export function drainedByRound(trials: readonly Trial[]): ByRound {
  const rates = new Map<number, number>()
  for (const trial of trials.filter(succeeded)) {
    if (trial.drain && trial.drain.seconds > 0) rates.set(trial.round, trial.drain.redemptions / trial.drain.seconds)
  }
  return rates
}

type Counts = Pick<Load, 'seconds' | 'accepted' | 'served' | 'refused' | 'histogram'>

/** What rates and latencies are taken from: the part after the load's own warm-up, where that was found. */
export function steadyPartOf(load: Load): Counts {
  return load.steady ?? load
}

/** Accepted, served and refused; an error is no answer. */
export function answersOf({ accepted, served, refused }: Pick<Counts, 'accepted' | 'served' | 'refused'>): number {
  return accepted + served + refused
}

/** p99 of one load in milliseconds, by round, of the trials that succeeded. */
export function p99ByRound(trials: readonly Trial[], name: Load['name']): ByRound {
  const latencies = new Map<number, number>()
  for (const trial of trials.filter(succeeded)) {
    const load = loadOf(trial, name)
    const latency = load && latenciesOf(mergeHistograms([steadyPartOf(load).histogram]))
    if (latency) latencies.set(trial.round, latency.p99)
  }
  return latencies
}

function ratesByRound(trials: readonly Trial[], name: Load['name'], count: (part: Counts) => number): ByRound {
  const rates = new Map<number, number>()
  for (const trial of trials.filter(succeeded)) {
    const load = loadOf(trial, name)
    const part = load && steadyPartOf(load)
    if (part && part.seconds > 0) rates.set(trial.round, count(part) / part.seconds)
  }
  return rates
}

/** Requests of one load that nobody answered, or only with an error, among all of it; null when there were none. */
export function lostRatio(trials: readonly Trial[], name: Load['name']): number | null {
  const loads = trials.filter(succeeded).flatMap((trial) => loadOf(trial, name) ?? [])
  return shareOf(loads, ({ errors }) => errors)
}

/**
 * Errors among all requests of the trials that succeeded; null when there were no requests. A refusal of the reference
 * server is an answer; of a team's own target it is one that did not pass its checks.
 */
export function errorRatio(trials: readonly Trial[]): number | null {
  const loads = trials.filter(succeeded).flatMap(({ loads, mode }) => loads.map((load) => ({ ...load, mode })))
  return shareOf(loads, ({ errors, refused, mode }) => errors + (mode === 'target' ? refused : 0))
}

/** Of all requests of these loads. */
function shareOf<Counted extends Load>(loads: readonly Counted[], count: (load: Counted) => number): number | null {
  const counted = loads.reduce((total, load) => total + count(load), 0)
  const requests = loads.reduce((total, load) => total + answersOf(load) + load.errors, 0)
  return requests === 0 ? null : counted / requests
}
