import { checkRunLaws, describeLaws } from '../model/observe-trial.ts'
import { type Pair, type Result, RUN_SCHEMA, type Run, SUBJECTS, type Summary, type Trial } from '../run-file.ts'
import type { Targets } from '../targets/targets-schema.ts'
import { evaluateTargets } from './evaluate-targets.ts'
import type { GateContext } from './gates.ts'
import { latenciesOf, mergeHistograms } from './histograms.ts'
import { judgeValidity } from './judge-validity.ts'
import { latencyTargetMs } from './latency-target.ts'
import { mergeInvariants } from './merge-invariants.ts'
import { comparePairs } from './pair-of-modes.ts'
import {
  acceptedByRound,
  answeredByRound,
  answersOf,
  drainedByRound,
  errorRatio,
  intervalOverRounds,
  loadOf,
  ratioWithinRounds,
  steadyPartOf,
  succeeded,
} from './rounds.ts'
import { verdictSentence } from './verdict-sentence.ts'
import { workPerRedemption } from './work-per-redemption.ts'

/** Everything that a run says, from its raw trials alone; rendering it again gives the same. */
export function summarise(run: Run, targets: Targets): Summary {
  const targetMs = latencyTargetMs(targets, run.plan.scenario)
  const results = groupTrials(run.trials).map((group) => resultOf({ run, targetMs }, group))
  return {
    schema: RUN_SCHEMA,
    run_id: run.run_id,
    status: run.status,
    verdict: verdictSentence(run, results),
    results,
    pairs: comparePairs(run, results),
    targets: evaluateTargets(targets, run, results),
    laws: describeLaws(checkRunLaws(run)),
  }
}

/** How well the modes can be told apart while the run goes on. */
export function pairsSoFar(run: Run): Pair[] {
  return comparePairs(
    run,
    groupTrials(run.trials).map((group) => resultOf({ run, targetMs: undefined }, group)),
  )
}

/** Trials of one scenario, mode and profile, in the order of the modes with the ceiling last. */
function groupTrials(trials: readonly Trial[]): Trial[][] {
  const groups = new Map<string, Trial[]>()
  for (const trial of trials) {
    const key = JSON.stringify([trial.scenario, trial.profile, trial.mode])
    groups.set(key, [...(groups.get(key) ?? []), trial])
  }
  const place = (group: Trial[]) => SUBJECTS.indexOf(group[0]?.mode ?? 'ceiling')
  return [...groups.values()].sort((a, b) => place(a) - place(b))
}

/** The trials behind a result. */
export function trialsOf(run: Run, result: Pick<Result, 'scenario' | 'mode' | 'profile'>): Trial[] {
  return run.trials.filter(
    (trial) => trial.scenario === result.scenario && trial.mode === result.mode && trial.profile === result.profile,
  )
}

function resultOf(context: GateContext & { readonly run: Run }, trials: Trial[]): Result {
  const { run } = context
  const { scenario, mode, profile } = trials[0] as Trial
  // In an open loop the bare route is asked for more than the modes, so that nothing is a share of it.
  const ceilingTrials = run.plan.arrivals === null ? trialsOf(run, { scenario, mode: 'ceiling', profile }) : []
  const ceiling = acceptedByRound(ceilingTrials, 'paused')
  const answered = answeredByRound(trials, 'paused')
  const accepted = intervalOverRounds(acceptedByRound(trials, 'paused'))
  const ratio = ratioWithinRounds(acceptedByRound(trials, 'paused'), ceiling)
  const histogram = mergeLoads(trials, 'paused')
  const errors = errorRatio(trials)
  const evidence = { ...context, trials, accepted, ratio, errorRatio: errors, histogram }
  const { validity, reasons, gates } = judgeValidity(evidence)
  return {
    scenario,
    mode,
    profile,
    validity,
    validity_reasons: reasons,
    trials: trials.length,
    failed_trials: trials.filter(({ status }) => status === 'failed').length,
    invalid_trials: trials.filter(({ status }) => status === 'invalid').length,
    gates,
    accepted_per_second: accepted,
    answered_per_second: intervalOverRounds(answered),
    ratio_to_ceiling: ratio,
    accepted_share: acceptedShare(trials),
    answered_ratio_to_ceiling: ratioWithinRounds(answered, answeredByRound(ceilingTrials, 'paused')),
    latency_ms: latenciesOf(histogram),
    steps: stepsOf(trials),
    error_ratio: errors,
    with_drain: withDrain(trials, ceiling),
    drained_per_second: intervalOverRounds(drainedByRound(trials)),
    end_to_end_ms: latenciesOf(mergeHistograms(endToEndHistograms(trials))),
    work_per_redemption: workPerRedemption(trials),
    invariants: mergeInvariants(trials),
  }
}

/** Of the answers of the whole load, of which work is counted as well, with its warm-up. */
function acceptedShare(trials: readonly Trial[]): number | null {
  const loads = trials.filter(succeeded).flatMap((trial) => loadOf(trial, 'paused') ?? [])
  const answers = loads.reduce((sum, load) => sum + answersOf(load), 0)
  return answers === 0 ? null : loads.reduce((sum, { accepted }) => sum + accepted, 0) / answers
}

function withDrain(trials: readonly Trial[], ceiling: ReadonlyMap<number, number>): Result['with_drain'] {
  const accepted = acceptedByRound(trials, 'running')
  const interval = intervalOverRounds(accepted)
  if (!interval) return null
  return {
    accepted_per_second: interval,
    ratio_to_ceiling: ratioWithinRounds(accepted, ceiling),
    latency_ms: latenciesOf(mergeLoads(trials, 'running')),
  }
}

/** One histogram over the named load of every trial that succeeded. */
export function mergeLoads(trials: readonly Trial[], name: 'paused' | 'running') {
  const loads = trials.filter(succeeded).flatMap((trial) => loadOf(trial, name) ?? [])
  return mergeHistograms(loads.map((load) => steadyPartOf(load).histogram))
}

/** Of the load with the drain paused, each kind of request by itself. */
function stepsOf(trials: readonly Trial[]): Result['steps'] {
  const loads = trials.filter(succeeded).flatMap((trial) => loadOf(trial, 'paused') ?? [])
  const names = new Set(loads.flatMap(({ steps }) => Object.keys(steps)))
  return [...names].flatMap((step) => {
    const known = loads.flatMap(({ steps }) => steps[step] ?? [])
    const latency = latenciesOf(mergeHistograms(known.map(({ histogram }) => histogram)))
    return latency ? [{ step, answers: known.reduce((sum, { answers }) => sum + answers, 0), latency_ms: latency }] : []
  })
}

function endToEndHistograms(trials: readonly Trial[]): string[] {
  return trials.filter(succeeded).flatMap((trial) => trial.end_to_end_histogram ?? [])
}
