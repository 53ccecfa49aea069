import { COMPARE_SCHEMA, type Row, type RunComparison } from '../compare-file.ts'
import { type Run, SUBJECTS, type Subject, type Trial } from '../run-file.ts'
import { median } from './bootstrap.ts'
import { environmentWarnings, isOtherMachine } from './comparable.ts'
import { countedRows, judge, timedRow } from './compare-rows.ts'
import { outcomeOf, verdictOfComparison } from './comparison-verdict.ts'
import { formatShare, joinWords, plural } from './format.ts'
import { MAXIMUM_ERROR_RATIO } from './judge-validity.ts'
import { isMostlyAnswers, timedFigures } from './round-figures.ts'
import { answersOf, errorRatio, loadOf, succeeded } from './rounds.ts'

/**
 * What changed from the first run to the second one. Both must be comparable (comparable.ts). What takes time is held
 * against the ceiling of the same rounds, so that a machine of another speed is no change; all that is judged is held
 * against chance together (Holm), so that the whole comparison raises a false alarm in at most 5 % of cases.
 */
export function compareRuns(first: Run, second: Run): RunComparison {
  const modes = SUBJECTS.filter((mode) => first.plan.modes.includes(mode) && second.plan.modes.includes(mode))
  const lost = modes.filter((mode) => mode !== 'ceiling' && isMeasured(first, mode) && !isMeasured(second, mode))
  const timed = modes.flatMap((mode) => timedFigures(first).flatMap((figure) => timedRow(first, second, mode, figure)))
  const judged = judge(timed, isOtherMachine(first, second))
  const rows = modes.flatMap((mode) => [
    ...judged.filter((row) => row.mode === mode),
    ...countedRows(first, second, mode),
  ])
  const broken = brokenSince(first, second)
  const failing = modes.flatMap((mode) => failingSince(first, second, mode))
  const faults = { broken, failing, lost }
  const outcome = outcomeOf(rows, faults)
  return {
    schema: COMPARE_SCHEMA,
    first: referenceTo(first),
    second: referenceTo(second),
    outcome,
    verdict: verdictOfComparison(outcome, rows, faults),
    warnings: warningsOf(first, second, rows),
    rows,
    broken,
    failing,
    lost,
  }
}

function isMeasured({ trials }: Run, mode: Subject): boolean {
  return trials.some((trial) => trial.mode === mode && succeeded(trial))
}

export function referenceTo(run: Run): RunComparison['first'] {
  return {
    run_id: run.run_id,
    started_at: run.started_at,
    git_commit: run.environment.git_commit,
    rounds: new Set(run.trials.filter(succeeded).map(({ round }) => round)).size,
  }
}

function brokenSince(first: Run, second: Run): string[] {
  const before = new Set(brokenIn(first))
  return brokenIn(second).filter((text) => !before.has(text))
}

/**
 * Requests that fail, and redemptions that are refused, are in no figure that could get shorter by it. Where most are
 * refused by design, as many more of them as the server is faster say nothing.
 */
function failingSince(first: Run, second: Run, mode: Subject): string[] {
  if (mode === 'ceiling') return []
  const of = (run: Run) => run.trials.filter((trial) => trial.mode === mode)
  const moreOf = (what: string, share: (trial: Trial) => number | null) => {
    const [before, after] = [
      of(first).flatMap((trial) => share(trial) ?? []),
      of(second).flatMap((trial) => share(trial) ?? []),
    ]
    return isMore(before, after)
      ? [`${mode}: ${formatShare(median(after))} ${what}, ${formatShare(median(before))} before`]
      : []
  }
  if (mode === 'target')
    return moreOf('requests that failed or did not pass their checks', (trial) => errorRatio([trial]))
  const refused = isMostlyAnswers(first) ? [] : moreOf('redemptions that were refused', refusedShare)
  return [...moreOf('requests that failed', (trial) => errorRatio([trial])), ...refused]
}

/** More than is let pass, and more in each round than before. */
function isMore(before: readonly number[], after: readonly number[]): boolean {
  if (before.length === 0 || after.length === 0) return false
  return median(after) - median(before) > MAXIMUM_ERROR_RATIO && Math.min(...after) > Math.max(...before)
}

/** Of the load whose drain is paused. */
function refusedShare(trial: Trial): number | null {
  const load = succeeded(trial) ? loadOf(trial, 'paused') : undefined
  return load === undefined || answersOf(load) === 0 ? null : load.refused / answersOf(load)
}

function brokenIn({ trials }: Run): string[] {
  const texts = trials.flatMap(({ mode, invariants }) =>
    invariants
      .filter(({ broken }) => broken.length > 0)
      .map(({ number, title }) => `${mode}: invariant ${number} (${title})`),
  )
  return [...new Set(texts)]
}

function warningsOf(first: Run, second: Run, rows: readonly Row[]): string[] {
  const isUnreferenced = rows.some(
    ({ kind, mode, reference }) => kind === 'time' && mode !== 'ceiling' && reference === 'none',
  )
  const isReferenced = rows.some(({ reference }) => reference === 'ceiling')
  return [
    ...environmentWarnings(first, second),
    ...(isOtherMachine(first, second) ? ['another machine: what takes time is shown, but decides nothing'] : []),
    ...(isUnreferenced && !isReferenced
      ? ['no ceiling in both runs: a machine of another speed looks like a change, so what takes time decides nothing']
      : []),
    ...[first, second].flatMap((run) => [
      ...(run.status === 'complete' ? [] : [`${run.run_id} is ${run.status}`]),
      ...leftOut(run),
    ]),
    ...onlyIn(first, second),
    ...onlyIn(second, first),
  ]
}

/** Trials that do not count, which no figure contains. */
export function leftOut({ run_id, trials }: Run): string[] {
  const out = trials.filter((trial) => !succeeded(trial))
  const [first] = out
  if (first === undefined) return []
  return [
    `${run_id}: ${out.length} of ${plural(trials.length, 'trial')} left out, the first because ${(first.failure ?? 'it failed').split('\n', 1)[0]}`,
  ]
}

function onlyIn(run: Run, other: Run): string[] {
  const modes = run.plan.modes.filter((mode) => mode !== 'ceiling' && !other.plan.modes.includes(mode))
  return modes.length === 0 ? [] : [`only ${run.run_id} has ${joinWords(modes)}`]
}
