import type { Histogram } from 'hdr-histogram-js'
import { checkTrialLaws, mergeLaws } from '../model/observe-trial.ts'
import type { Gate, Interval, Result, Run, Trial } from '../run-file.ts'
import { MINIMUM_ROUNDS, rangeCoverage } from './bootstrap.ts'
import { formatShare, plural } from './format.ts'
import { type GateContext, mergeGates } from './gates.ts'
import { MINIMUM_ANSWERS_FOR_P99 } from './histograms.ts'
import { loadOf, succeeded } from './rounds.ts'

/** A larger share of requests that fail is a fault of what is loaded. */
export const MAXIMUM_ERROR_RATIO = 0.01
/** Bounds further apart than this tell nothing about where the figure lies. */
const MAXIMUM_INTERVAL_FACTOR = 2

export interface Validity {
  validity: Result['validity']
  reasons: string[]
  gates: Gate[]
}

/** What is known about a result when its validity is judged. */
export interface ValidityEvidence extends GateContext {
  readonly run: Run
  trials: readonly Trial[]
  accepted: Interval | null
  ratio: Interval | null
  errorRatio: number | null
  histogram: Histogram | null
}

/** INVALID: nothing can be concluded. INCONCLUSIVE: something can, and the reasons say why not to lean on it. */
export function judgeValidity(evidence: ValidityEvidence): Validity {
  const gates = [...mergeGates(evidence.trials, evidence), ...resultGates(evidence)]
  const measured = evidence.trials.filter((trial) => succeeded(trial) && loadOf(trial, 'paused'))
  const losses = [...failures(evidence.trials), ...exclusions(evidence.trials)]
  if (measured.length === 0) {
    const head = evidence.trials.some(({ status }) => status === 'invalid') ? 'no trial is valid' : 'no trial succeeded'
    return { validity: 'INVALID', reasons: [head, ...losses], gates }
  }
  if (evidence.histogram === null || evidence.histogram.totalCount === 0)
    return { validity: 'INVALID', reasons: ['no request was answered', ...losses], gates }
  const doubts = gates.filter(({ verdict }) => verdict === 'doubt').map(({ told }) => told)
  const instruments = brokenInstruments(evidence.run, measured)
  const rounds = roundReasons(evidence.run, measured)
  const reasons = [...losses, ...rounds, ...doubts, ...instruments, ...intervalReasons(evidence)]
  return { validity: reasons.length === 0 ? 'VALID' : 'INCONCLUSIVE', reasons, gates }
}

/** A law that is always true was violated: some figure is not what it seems. One such trial is enough. */
function brokenInstruments(run: Run, measured: readonly Trial[]): string[] {
  const { violations } = mergeLaws(measured.map((trial) => checkTrialLaws(run, trial)))
  return violations.slice(0, 1).map(({ round, law, told }) => `round ${round} violates ${law}: ${told}`)
}

function failures(trials: readonly Trial[]): string[] {
  return trials
    .filter(({ status }) => status === 'failed')
    .map((trial) => `the trial of round ${trial.round} failed: ${trial.failure ?? 'no reason was kept'}`)
}

/** Trials that were excluded, one line for all that have the same reason. */
function exclusions(trials: readonly Trial[]): string[] {
  const rounds = new Map<string, number[]>()
  for (const { status, round, failure } of trials)
    if (status === 'invalid') rounds.set(failure ?? '', [...(rounds.get(failure ?? '') ?? []), round])
  return [...rounds].map(
    ([reason, which]) => `round ${which.join(', ')} ${which.length === 1 ? 'is' : 'are'} INVALID: ${reason}`,
  )
}

function roundReasons(run: Run, measured: readonly Trial[]): string[] {
  const reasons: string[] = []
  if (run.status !== 'complete')
    reasons.push(run.status === 'interrupted' ? 'the run was interrupted' : 'the run did not end')
  const rounds = new Set(measured.map((trial) => trial.round)).size
  if (rounds < MINIMUM_ROUNDS) {
    const interval =
      rounds === 1 ? 'it has no interval' : `their interval covers ${Math.round(100 * rangeCoverage(rounds))} %`
    reasons.push(`only ${plural(rounds, 'round')}: ${interval}, ${MINIMUM_ROUNDS} rounds are needed`)
  }
  return reasons
}

/** What only all trials together can tell. */
function resultGates({ errorRatio, histogram, trials }: ValidityEvidence): Gate[] {
  const failed =
    trials[0]?.mode === 'target' ? 'failed or got an answer that did not pass its checks' : 'ended in an error'
  const answers = histogram?.totalCount ?? 0
  const samples: Gate = {
    name: 'samples',
    verdict: answers < MINIMUM_ANSWERS_FOR_P99 ? 'doubt' : 'pass',
    value: answers,
    limit: MINIMUM_ANSWERS_FOR_P99,
    told: `${answers < MINIMUM_ANSWERS_FOR_P99 ? 'only ' : ''}${plural(answers, 'answer')}: a p99 needs at least ${MINIMUM_ANSWERS_FOR_P99}`,
  }
  const errors: Gate = {
    name: 'errors',
    verdict: errorRatio === null ? 'not known' : errorRatio > MAXIMUM_ERROR_RATIO ? 'doubt' : 'pass',
    value: errorRatio,
    limit: MAXIMUM_ERROR_RATIO,
    told: `${formatShare(errorRatio ?? 0)} of the requests ${failed} (1 % is the most that is let pass)`,
  }
  return [samples, errors]
}

function intervalReasons({ accepted, ratio }: ValidityEvidence): string[] {
  if (!isWide(accepted) || (ratio !== null && !isWide(ratio))) return []
  return [`rounds disagree: the bounds of the interval are more than a factor of ${MAXIMUM_INTERVAL_FACTOR} apart`]
}

function isWide(interval: Interval | null): boolean {
  return interval !== null && interval.high > MAXIMUM_INTERVAL_FACTOR * interval.low
}
