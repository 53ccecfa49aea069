import { COMPARE_SCHEMA, type Row, type RunComparison } from '../compare-file.ts'
import { type Run, SUBJECTS, type Subject, type Trial } from '../run-file.ts'
import { median } from './bootstrap.ts'
import { environmentWarnings, isOtherMachine } from './comparable.ts'
import { compareCounted } from './compare-counted.ts'
import { type Comparison, compareUnpaired, FALSE_ALARMS } from './compare-figures.ts'
import { outcomeOf, verdictOfComparison } from './comparison-verdict.ts'
import { holm } from './holm.ts'
import { type TimedFigure, timedFigures } from './round-figures.ts'
import { type ByRound, succeeded } from './rounds.ts'
import { workPerRedemption } from './work-per-redemption.ts'

/**
 * What changed from the first run to the second one. Both must be comparable (comparable.ts). What takes time is held
 * against the ceiling of the same rounds, so that a machine of another speed is no change; all that is judged is held
 * against chance together (Holm), so that the whole comparison raises a false alarm in at most 5 % of cases.
 */
export function compareRuns(first: Run, second: Run): RunComparison {
  const modes = SUBJECTS.filter((mode) => first.plan.modes.includes(mode) && second.plan.modes.includes(mode))
  const timed = modes.flatMap((mode) => timedFigures(first).flatMap((figure) => timedRow(first, second, mode, figure)))
  const judged = judge(timed, isOtherMachine(first, second))
  const rows = modes.flatMap((mode) => [
    ...judged.filter((row) => row.mode === mode),
    ...countedRows(first, second, mode),
  ])
  const broken = brokenSince(first, second)
  const outcome = outcomeOf(rows, broken)
  return {
    schema: COMPARE_SCHEMA,
    first: referenceTo(first),
    second: referenceTo(second),
    outcome,
    verdict: verdictOfComparison(outcome, rows, broken),
    warnings: warningsOf(first, second, rows),
    rows,
    broken,
  }
}

export function referenceTo(run: Run): RunComparison['first'] {
  return {
    run_id: run.run_id,
    started_at: run.started_at,
    git_commit: run.environment.git_commit,
    rounds: new Set(run.trials.filter(succeeded).map(({ round }) => round)).size,
  }
}

type Timed = Row & { readonly comparison: Comparison; readonly better: TimedFigure['better'] }

function timedRow(first: Run, second: Run, mode: Subject, figure: TimedFigure): Timed[] {
  const [ours, theirs] = [figure.of(trialsOf(second, mode)), figure.of(trialsOf(first, mode))]
  if (ours.size === 0 || theirs.size === 0) return []
  const [oursRelative, theirsRelative] = [relative(second, mode, figure, ours), relative(first, mode, figure, theirs)]
  const hasReference = oursRelative !== null && theirsRelative !== null
  const comparison = hasReference
    ? compareUnpaired(oursRelative, theirsRelative)
    : compareUnpaired([...ours.values()], [...theirs.values()])
  const { ratio, p, detectable } = comparison
  return [
    {
      scenario: second.plan.scenario,
      mode,
      figure: figure.name,
      unit: figure.unit,
      kind: 'time',
      first: median([...theirs.values()]),
      second: median([...ours.values()]),
      ratio,
      reference: hasReference ? 'ceiling' : 'none',
      p,
      detectable,
      // Without a reference a drift of the machine between the runs cannot be told from a change.
      judged: figure.judged && hasReference && mode !== 'ceiling',
      verdict: 'no difference seen',
      comparison,
      better: figure.better,
    },
  ]
}

/** Each round's figure over the ceiling's of that round; null where there is no ceiling to hold it against. */
export function relative(run: Run, mode: Subject, figure: TimedFigure, values: ByRound): number[] | null {
  if (mode === 'ceiling' || figure.ofCeiling === null || run.plan.arrivals !== null) return null
  const ceiling = figure.ofCeiling(trialsOf(run, 'ceiling'))
  if (ceiling.size === 0) return null
  return [...values].flatMap(([round, value]) => {
    const reference = ceiling.get(round)
    return reference === undefined || reference === 0 ? [] : [value / reference]
  })
}

function judge(rows: readonly Timed[], isOther: boolean): Row[] {
  const judged = rows.map((row) => row.judged && !isOther)
  const stands = holm(
    rows.map(({ p }, index) => (judged[index] ? p : null)),
    FALSE_ALARMS,
  )
  return rows.map(({ comparison, better, ...row }, index) => ({
    ...row,
    judged: judged[index] ?? false,
    verdict: wordFor(comparison, better, stands[index] ?? false),
  }))
}

function wordFor({ verdict }: Comparison, better: TimedFigure['better'], stands: boolean): Row['verdict'] {
  if (verdict === 'too few rounds' || verdict === 'no difference seen') return verdict
  const word = verdict === better ? 'better' : 'worse'
  return stands ? word : `maybe ${word}`
}

const COUNTED = [
  ['Redis round trips', 'redis_round_trips'],
  ['Redis commands', 'redis_commands'],
  ['SQL statements', 'sql_statements'],
] as const

/** In the request, per redemption. */
function countedRows(first: Run, second: Run, mode: Subject): Row[] {
  const [ours, theirs] = [workPerRedemption(trialsOf(second, mode)), workPerRedemption(trialsOf(first, mode))]
  if (ours === null || theirs === null) return []
  return COUNTED.map(([figure, field]) => {
    const { verdict } = compareCounted(ours[field].request, theirs[field].request)
    return {
      scenario: second.plan.scenario,
      mode,
      figure,
      unit: 'per redemption',
      kind: 'counted',
      first: theirs[field].request,
      second: ours[field].request,
      ratio: null,
      reference: 'none',
      p: null,
      detectable: null,
      judged: true,
      verdict: verdict === 'more' ? 'worse' : verdict === 'fewer' ? 'better' : 'the same',
    }
  })
}

function trialsOf(run: Run, mode: Subject): Trial[] {
  return run.trials.filter((trial) => trial.mode === mode)
}

function brokenSince(first: Run, second: Run): string[] {
  const before = new Set(brokenIn(first))
  return brokenIn(second).filter((text) => !before.has(text))
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
    ...[first, second].flatMap(({ run_id, status }) => (status === 'complete' ? [] : [`${run_id} is ${status}`])),
  ]
}
