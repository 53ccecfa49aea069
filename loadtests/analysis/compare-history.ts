import { COMPARE_SCHEMA, type History, type Series } from '../compare-file.ts'
import type { Run, Subject } from '../run-file.ts'
import { median } from './bootstrap.ts'
import { fewestValues, findChanges } from './change-points.ts'
import { environmentWarnings, isOtherMachine } from './comparable.ts'
import { FALSE_ALARMS } from './compare-figures.ts'
import { relative } from './compare-rows.ts'
import { leftOut, referenceTo } from './compare-runs.ts'
import { plural } from './format.ts'
import { type TimedFigure, timedFigures } from './round-figures.ts'

/** Several runs in order of time, and where each figure reached another level. @param runs at least one, all comparable */
export function compareHistory(unordered: readonly Run[]): History {
  const runs = [...unordered].sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at))
  const [first, ...others] = runs
  if (first === undefined) throw new RangeError('a history needs runs')
  const modes = first.plan.modes.filter((mode) => runs.every(({ plan }) => plan.modes.includes(mode)))
  const figures = timedFigures(first).filter(({ judged }) => judged)
  const known = modes.flatMap((mode) => figures.map((figure) => valuesOf(runs, mode, figure)))
  // All together raise a false alarm in so few cases; the ceiling shows the machine, and decides nothing.
  const level = FALSE_ALARMS / Math.max(1, known.filter(({ mode }) => mode !== 'ceiling').length)
  const fewest = fewestValues(level)
  const series = known.map((one) => ({ ...one, changes: changesIn(one.values, level) }))
  const warnings = new Set([
    ...others.flatMap((run) => environmentWarnings(first, run)),
    ...runs.flatMap(leftOut),
    ...(others.some((run) => isOtherMachine(first, run)) ? ['not all runs are of one machine'] : []),
    ...(runs.length < fewest
      ? [`${plural(runs.length, 'run')}: fewer than ${fewest} show no change beyond chance`]
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
function valuesOf(runs: readonly Run[], mode: Subject, figure: TimedFigure): Omit<Series, 'changes'> {
  const raw = runs.map((run) => figure.of(run.trials.filter((trial) => trial.mode === mode)))
  const held = runs.map((run, index) => relative(run, mode, figure, raw[index] ?? new Map()))
  // A run that has no figure at all takes nothing from the others.
  const isMissing = (index: number) => raw[index]?.size === 0
  const hasReference = held.every((values, index) => isMissing(index) || (values !== null && values.length > 0))
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
  }
}

/** Indices among all runs, also where some have no value. */
function changesIn(values: readonly (number | null)[], level: number): number[] {
  const known = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]))
  return findChanges(
    known.map(({ value }) => value),
    level,
  ).flatMap((at) => known[at]?.index ?? [])
}

function verdictOf(runs: readonly Run[], series: readonly Series[]): string {
  const judged = series.filter(({ mode }) => mode !== 'ceiling')
  const changed = judged.filter(({ changes }) => changes.length > 0)
  if (changed.length === 0)
    return `No change seen in ${plural(judged.length, 'series', 'series')} over ${plural(runs.length, 'run')}.`
  const told = changed.map(
    ({ mode, figure, changes }) => `${mode} ${figure} at ${changes.map((index) => runs[index]?.run_id).join(', ')}`,
  )
  return `Changed: ${told.join('; ')}.`
}
