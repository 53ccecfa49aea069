import type { Histogram } from 'hdr-histogram-js'
import type { Interval, Result, Run, Trial } from '../run-file.ts'
import { MINIMUM_ROUNDS, rangeCoverage } from './bootstrap.ts'
import { formatShare, plural } from './format.ts'
import { MINIMUM_ANSWERS_FOR_P99 } from './histograms.ts'
import { loadOf, succeeded } from './rounds.ts'

const MAXIMUM_ERROR_RATIO = 0.01
/** Past this share of a core a single-threaded generator delays its own requests. */
const MAXIMUM_GENERATOR_CORES = 0.8
const MAXIMUM_STEAL = 0.1
/** Bounds further apart than this tell nothing about where the figure lies. */
const MAXIMUM_INTERVAL_FACTOR = 2

export interface Validity {
  validity: Result['validity']
  reasons: string[]
}

/** What is known about a result when its validity is judged. */
export interface ValidityEvidence {
  run: Run
  trials: readonly Trial[]
  accepted: Interval | null
  ratio: Interval | null
  errorRatio: number | null
  histogram: Histogram | null
}

/** INVALID: nothing was measured. INCONCLUSIVE: something was, and the reasons say why not to lean on it. */
export function judgeValidity(evidence: ValidityEvidence): Validity {
  const measured = evidence.trials.filter((trial) => succeeded(trial) && loadOf(trial, 'paused'))
  if (measured.length === 0)
    return { validity: 'INVALID', reasons: ['no trial succeeded', ...failures(evidence.trials)] }
  const reasons = [
    ...failures(evidence.trials),
    ...roundReasons(evidence.run, measured),
    ...answerReasons(evidence),
    ...machineReasons(measured),
  ]
  return { validity: reasons.length === 0 ? 'VALID' : 'INCONCLUSIVE', reasons }
}

function failures(trials: readonly Trial[]): string[] {
  return trials
    .filter((trial) => !succeeded(trial))
    .map((trial) => `the trial of round ${trial.round} failed: ${trial.failure ?? 'no reason was kept'}`)
}

function roundReasons(run: Run, measured: readonly Trial[]): string[] {
  const reasons: string[] = []
  if (run.status === 'interrupted') reasons.push('the run was interrupted')
  const rounds = new Set(measured.map((trial) => trial.round)).size
  if (rounds < MINIMUM_ROUNDS) {
    const interval =
      rounds === 1 ? 'it has no interval' : `their interval covers ${Math.round(100 * rangeCoverage(rounds))} %`
    reasons.push(`only ${plural(rounds, 'round')}: ${interval}, ${MINIMUM_ROUNDS} rounds are needed`)
  }
  return reasons
}

function answerReasons({ errorRatio, histogram, accepted, ratio }: ValidityEvidence): string[] {
  const reasons: string[] = []
  if (errorRatio !== null && errorRatio > MAXIMUM_ERROR_RATIO) {
    reasons.push(`${formatShare(errorRatio)} of the requests ended in an error (1 % is the most that is let pass)`)
  }
  const answers = histogram?.totalCount ?? 0
  if (answers < MINIMUM_ANSWERS_FOR_P99) {
    reasons.push(`only ${plural(answers, 'answer')}: a p99 needs at least ${MINIMUM_ANSWERS_FOR_P99}`)
  }
  if (isWide(accepted) && (ratio === null || isWide(ratio))) {
    reasons.push(
      `rounds disagree: the bounds of the interval are more than a factor of ${MAXIMUM_INTERVAL_FACTOR} apart`,
    )
  }
  return reasons
}

function machineReasons(measured: readonly Trial[]): string[] {
  const reasons: string[] = []
  const generator = mean(
    measured.flatMap((trial) =>
      trial.samples.flatMap((sample) => (sample.phase === 'paused' ? [sample.cpu.generator ?? null] : [])),
    ),
  )
  if (generator !== null && generator > MAXIMUM_GENERATOR_CORES) {
    reasons.push(`the generator used ${generator.toFixed(2)} of its one core: it may be the bottleneck`)
  }
  const steal = mean(measured.map((trial) => trial.steal))
  if (steal !== null && steal > MAXIMUM_STEAL) {
    reasons.push(`the hypervisor took ${formatShare(steal)} of the CPU time away`)
  }
  return reasons
}

function isWide(interval: Interval | null): boolean {
  return interval !== null && interval.high > MAXIMUM_INTERVAL_FACTOR * interval.low
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0) / known.length
}
