import { median } from '../analysis/bootstrap.ts'
import { mergeHistograms } from '../analysis/histograms.ts'
import { answersOf, steadyPartOf, succeeded } from '../analysis/rounds.ts'
import type { Trial } from '../run-file.ts'

/** What is foretold and measured of a point. */
export const FIGURES = ['throughput', 'mean', 'p99'] as const
export type Figure = (typeof FIGURES)[number]

/** Answers per second; seconds. */
export type PointFigures = Readonly<Record<Figure, number>>

/** Of the one load of a trial that counts; null without answers. */
export function figuresOf(trial: Trial): PointFigures | null {
  const [load] = trial.loads
  if (load === undefined || !succeeded(trial)) return null
  const part = steadyPartOf(load)
  // How many come in an open loop is drawn once for the whole of it.
  const counted = load.schedule === null ? part : load
  const histogram = mergeHistograms([part.histogram])
  if (!histogram || histogram.totalCount === 0 || counted.seconds === 0) return null
  return {
    throughput: answersOf(counted) / counted.seconds,
    mean: histogram.mean / 1e6,
    p99: histogram.getValueAtPercentile(99) / 1e6,
  }
}

/**
 * Over the rounds that count: medians of throughput and mean, and the p99 of all their answers together, because one round
 * may have too few for it. Null without any.
 */
export function medianFigures(trials: readonly Trial[]): PointFigures | null {
  const all = trials.map(figuresOf).filter((figures) => figures !== null)
  if (all.length === 0) return null
  const parts = trials.filter(succeeded).flatMap(({ loads: [load] }) => (load ? [steadyPartOf(load).histogram] : []))
  return {
    throughput: median(all.map(({ throughput }) => throughput)),
    mean: median(all.map(({ mean }) => mean)),
    p99: (mergeHistograms(parts)?.getValueAtPercentile(99) ?? 0) / 1e6,
  }
}
