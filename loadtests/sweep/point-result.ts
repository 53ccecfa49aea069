import { median } from '../analysis/bootstrap.ts'
import { invariantVerdict, mergeInvariants } from '../analysis/merge-invariants.ts'
import { answersOf, intervalOverRounds, succeeded } from '../analysis/rounds.ts'
import type { Point } from '../points/points-file.ts'
import type { Load, PROCESS_KINDS, ProcessKind, Trial } from '../run-file.ts'
import { acceptedPerSecond, answeredPerSecond, drainedPerSecond, figureByRound, latencyMs } from './figures-by-round.ts'
import { KNOBS, type Variation } from './knobs.ts'
import { readPoint } from './read-pool.ts'
import type { PointResult } from './sweep-file.ts'

/** What the trials of one point say, but for its place among the others. */
export function resultOfPoint(
  point: Point,
  trials: readonly Trial[],
  knobs: readonly Variation[],
): Omit<PointResult, 'ratio_to_best'> {
  const counted = trials.filter(succeeded)
  const interval = (figure: (load: Load, trial: Trial) => number | null) =>
    intervalOverRounds(figureByRound(trials, figure))
  const invariants = mergeInvariants(trials)
  const broken = invariants.filter((invariant) => invariantVerdict(invariant) === 'broken')
  return {
    name: point.name,
    values: Object.fromEntries(knobs.map(({ knob }) => [knob, KNOBS[knob].read(point)])),
    trials: trials.length,
    failed_trials: trials.filter(({ status }) => status === 'failed').length,
    invalid_trials: trials.filter(({ status }) => status === 'invalid').length,
    reasons: [...new Set(trials.flatMap(({ failure }) => failure?.split('\n')[0] ?? []))],
    broken_invariants: broken.map(({ number }) => number),
    ids_examined: invariants.reduce((sum, { examined }) => sum + examined, 0),
    answered_per_second: interval(answeredPerSecond),
    accepted_per_second: interval(acceptedPerSecond),
    drained_per_second: interval(drainedPerSecond),
    mean_ms: interval((load) => latencyMs(load, 'mean')),
    p50_ms: interval((load) => latencyMs(load, 50)),
    p95_ms: interval((load) => latencyMs(load, 95)),
    p99_ms: interval((load) => latencyMs(load, 99)),
    error_ratio: errorRatio(counted),
    cores: perKind(counted, (cpuMs, load) => cpuMs / 1_000 / load.seconds),
    cpu_ms_per_answer: perKind(counted, (cpuMs, load) => cpuMs / answersOf(load)),
    event_loop: eventLoopOf(counted),
    pool: readPoint(trials, point.mode !== 'token-bucket' && point.polls === 0),
  }
}

function errorRatio(trials: readonly Trial[]): number | null {
  const loads = trials.flatMap(({ loads }) => loads)
  const errors = loads.reduce((sum, load) => sum + load.errors, 0)
  const requests = loads.reduce((sum, load) => sum + load.errors + answersOf(load), 0)
  return requests === 0 ? null : errors / requests
}

type PerKind = Partial<Record<(typeof PROCESS_KINDS)[number], number>>

/** Medians over trials, for the kinds that are known of each. */
function perKind(trials: readonly Trial[], figure: (cpuMs: number, load: Load) => number): PerKind {
  const loads = trials.flatMap(({ loads }) => loads.slice(0, 1)).filter((load) => answersOf(load) > 0)
  const kinds = Object.keys(loads[0]?.cpu_ms ?? {}) as ProcessKind[]
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const values = loads.flatMap((load) => {
        const cpuMs = load.cpu_ms[kind]
        return cpuMs === undefined ? [] : [figure(cpuMs, load)]
      })
      return values.length === loads.length ? [[kind, median(values)]] : []
    }),
  )
}

function eventLoopOf(trials: readonly Trial[]): number | null {
  const values = trials.flatMap(({ loads, samples }) =>
    samples.flatMap(({ phase, event_loop: loop }) => (phase === loads[0]?.name && loop ? [loop.utilisation] : [])),
  )
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
