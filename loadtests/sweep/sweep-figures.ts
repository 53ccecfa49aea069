import type { Load, Trial } from '../run-file.ts'
import { answeredPerSecond, drainedPerSecond, latencyMs } from './figures-by-round.ts'
import type { SweepFigure } from './sweep-file.ts'

/** What the points of a sweep are compared by. */
interface Figure {
  readonly title: string
  readonly unit: string
  readonly isLessBetter: boolean
  readonly read: (load: Load, trial: Trial) => number | null
}

export const FIGURES: Readonly<Record<SweepFigure, Figure>> = {
  answered_per_second: {
    title: 'Throughput',
    unit: 'answers per second',
    isLessBetter: false,
    read: answeredPerSecond,
  },
  drained_per_second: {
    title: 'Throughput',
    unit: 'redemptions drained per second',
    isLessBetter: false,
    read: drainedPerSecond,
  },
  mean_ms: { title: 'Mean', unit: 'ms', isLessBetter: true, read: (load) => latencyMs(load, 'mean') },
}
