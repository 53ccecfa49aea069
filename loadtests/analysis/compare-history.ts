import { COMPARE_SCHEMA, type History, type Series } from '../compare-file.ts'
import type { Run, Subject } from '../run-file.ts'
import { median } from './bootstrap.ts'
import { findChanges } from './change-points.ts'
import { environmentWarnings, isOtherMachine } from './comparable.ts'
import { relative } from './compare-rows.ts'
import { leftOut, referenceTo } from './compare-runs.ts'
import { plural } from './format.ts'
import { type TimedFigure, timedFigures } from './round-figures.ts'

/** Fewer values than this never show a change beyond chance. */
export const MINIMUM_RUNS = 8

/** Several runs in order of time, and where each figure reached another level. @param runs at least one, all comparable */
export function compareHistory(unordered: readonly Run[]): History {
  const runs = [...unordered].sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at))
  const [first, ...others] = runs
  if (first === undefined) throw new RangeError('a history needs runs')
  const modes = first.plan.modes.filter((mode) => runs.every(({ plan }) => plan.modes.includes(mode)))
  const figures = timedFigures(first).filter(({ judged }) => judged)
  const series = modes.flatMap((mode) => figures.map((figure) => seriesOf(runs, mode, figure)))
  const warnings = new Set([
    ...others.flatMap((run) => environmentWarnings(first, run)),
    ...runs.flatMap(leftOut),
    ...(others.some((run) => isOtherMachine(first, run)) ? ['not all runs are of one machine'] : []),
    ...(runs.length < MINIMUM_RUNS
      ? [`${plural(runs.length, 'run')}: fewer than ${MINIMUM_RUNS} show no change beyond chance`]
      : []),
  ])
  return {
    schema: COMPARE_SCHEMA,
    runs: runs.map(referenceTo),
    verdict: verdictOf(runs, series),
    warnings: [...warnings],
    series,
  }
}

/** Medians, held against the ceiling of the same rounds where all runs have one. */
function seriesOf(runs: readonly Run[], mode: Subject, figure: TimedFigure): Series {
  const raw = runs.map((run) => figure.of(run.trials.filter((trial) => trial.mode === mode)))
  const held = runs.map((run, index) => relative(run, mode, figure, raw[index] ?? new Map()))
  const hasReference = held.every((values) => values !== null && values.length > 0)
  const values = (hasReference ? held : raw.map((rounds) => [...rounds.values()])).map((rounds) =>
    rounds === null || rounds.length === 0 ? null : median(rounds),
  )
  return {
    scenario: runs[0]?.plan.scenario ?? '',
    mode,
    figure: figure.name,
    unit: hasReference ? '× ceiling' : figure.unit,
    reference: hasReference ? 'ceiling' : 'none',
    values,
    changes: changesIn(values),
  }
}

/** Indices among all runs, also where some have no value. */
function changesIn(values: readonly (number | null)[]): number[] {
  const known = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]))
  return findChanges(known.map(({ value }) => value)).flatMap((at) => known[at]?.index ?? [])
}

function verdictOf(runs: readonly Run[], series: readonly Series[]): string {
  const changed = series.filter(({ changes }) => changes.length > 0)
  if (changed.length === 0)
    return `No change seen in ${plural(series.length, 'series', 'series')} over ${plural(runs.length, 'run')}.`
  const told = changed.map(
    ({ mode, figure, changes }) => `${mode} ${figure} at ${changes.map((index) => runs[index]?.run_id).join(', ')}`,
  )
  return `Changed: ${told.join('; ')}.`
}
