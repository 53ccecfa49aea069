import type { Row } from '../compare-file.ts'
import type { Run, Subject, Trial } from '../run-file.ts'
import { median } from './bootstrap.ts'
import { compareCounted } from './compare-counted.ts'
import { type Comparison, compareUnpaired, FALSE_ALARMS } from './compare-figures.ts'
import { holm } from './holm.ts'
import { isMostlyAnswers, type TimedFigure } from './round-figures.ts'
import { answersOf, type ByRound, loadOf, succeeded } from './rounds.ts'
import { workPerRedemption } from './work-per-redemption.ts'

/** A row with what its verdict is made of. */
export type Timed = Row & { readonly comparison: Comparison; readonly better: TimedFigure['better'] }

/** None where a side does not have the figure. */
export function timedRow(first: Run, second: Run, mode: Subject, figure: TimedFigure): Timed[] {
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

/**
 * Each round's figure over the ceiling's of that round; null where there is no ceiling to hold it against. In an open loop the
 * ceiling has another rate than the modes, but the same one in both runs: what an answer takes there tells the machine's speed.
 */
export function relative(run: Run, mode: Subject, figure: TimedFigure, values: ByRound): number[] | null {
  if (mode === 'ceiling' || figure.ofCeiling === null) return null
  const ceiling = figure.ofCeiling(trialsOf(run, 'ceiling'))
  if (ceiling.size === 0) return null
  return [...values].flatMap(([round, value]) => {
    const reference = ceiling.get(round)
    return reference === undefined || reference === 0 ? [] : [value / reference]
  })
}

/** All that is judged counts as one: a wrong verdict among them is as rare as one of a single comparison. */
export function judge(rows: readonly Timed[], isOther: boolean): Row[] {
  const judged = rows.map((row) => row.judged && !isOther)
  const stands = holm(
    rows.map(({ p }, index) => (judged[index] ? p : null)),
    FALSE_ALARMS,
  )
  const count = rows.filter(({ p }, index) => judged[index] && p !== null).length
  return rows.map(({ comparison, better, ...row }, index) => ({
    ...row,
    // What the strictest of all steps would have seen.
    detectable: judged[index] ? comparison.detectableAt(FALSE_ALARMS / count) : row.detectable,
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

/** In the request, per redemption; where few of the answers are redemptions, per answer. */
export function countedRows(first: Run, second: Run, mode: Subject): Row[] {
  const isPerAnswer = isMostlyAnswers(first)
  const count = isPerAnswer ? requestWorkPerAnswer : requestWorkPerRedemption
  const [ours, theirs] = [count(trialsOf(second, mode)), count(trialsOf(first, mode))]
  if (ours === null || theirs === null) return []
  return COUNTED.map(([figure, field]) => {
    const { verdict } = compareCounted(ours[field], theirs[field])
    return {
      scenario: second.plan.scenario,
      mode,
      figure,
      unit: isPerAnswer ? 'per answer' : 'per redemption',
      kind: 'counted',
      first: theirs[field],
      second: ours[field],
      ratio: null,
      reference: 'none',
      p: null,
      detectable: null,
      judged: true,
      verdict: verdict === 'more' ? 'worse' : verdict === 'fewer' ? 'better' : 'the same',
    }
  })
}

type RequestWork = Readonly<Record<(typeof COUNTED)[number][1], number>>

function requestWorkPerRedemption(trials: readonly Trial[]): RequestWork | null {
  const work = workPerRedemption(trials)
  return work && mapCounted((field) => work[field].request)
}

function requestWorkPerAnswer(trials: readonly Trial[]): RequestWork | null {
  const counted = trials.filter(succeeded).flatMap((trial) => {
    const load = loadOf(trial, 'paused')
    return trial.work && load ? [{ work: trial.work, answers: answersOf(load) }] : []
  })
  const answers = counted.reduce((sum, each) => sum + each.answers, 0)
  if (answers === 0) return null
  return mapCounted((field) => counted.reduce((sum, { work }) => sum + work[field].request, 0) / answers)
}

function mapCounted(value: (field: keyof RequestWork) => number): RequestWork {
  return Object.fromEntries(COUNTED.map(([, field]) => [field, value(field)])) as RequestWork
}

function trialsOf(run: Run, mode: Subject): Trial[] {
  return run.trials.filter((trial) => trial.mode === mode)
}
