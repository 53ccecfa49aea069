import { median } from 'simple-statistics'

/** What the calibration server wrote down; moments by process.hrtime(), all in ms. */
export type Written = readonly [
  person: number,
  arrivedAt: number,
  writeBeganAt: number,
  writeEndedAt: number,
  serviceMs: number,
]

/** Where the calibration server hands out what it wrote down since the last time. */
export const WRITTEN_PATH = '/written'

export interface Figures {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly mean: number
}

export const FIGURES = ['p50', 'p95', 'p99', 'p999', 'mean'] as const satisfies readonly (keyof Figures)[]

/**
 * Latency of each person in ms, from the intended moment of arrival to the server's write. The schedule's begin is that of
 * the generator where it tells it; else the one by which nobody came too early. A write takes as long as most writes of
 * the run: one that seems longer was over, and whoever it woke had taken the CPU from the server.
 * @param times intended moments, in ms since the begin; person 1 is the first
 */
export function trueLatencies(
  written: readonly Written[],
  times: readonly number[],
  beganAtMs: number | null,
): number[] {
  const writeMs = written.length === 0 ? 0 : median(written.map(([, , began, ended]) => ended - began))
  const known = written.flatMap(([person, arrivedAt, writeBeganAt, writeEndedAt]) => {
    const time = times[person - 1]
    return time === undefined ? [] : [{ time, arrivedAt, writtenAt: Math.min(writeEndedAt, writeBeganAt + writeMs) }]
  })
  const began = beganAtMs ?? known.reduce((least, { time, arrivedAt }) => Math.min(least, arrivedAt - time), Infinity)
  return known.map(({ time, writtenAt }) => writtenAt - began - time)
}

/** Percentiles by the nearest rank, as the histograms have them. Null for nothing. */
export function figuresOf(latencies: readonly number[]): Figures | null {
  if (latencies.length === 0) return null
  const sorted = [...latencies].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)] ?? Number.NaN
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999), mean }
}

/** A meter may be off by so much of the truth, or by so many ms where that is more. */
export const TOLERANCE = { share: 0.02, ms: 0.3 } as const

/** Signed: (measured − true) / true. */
export function errorsOf(measured: Figures, truth: Figures): Figures {
  return mapFigures((figure) => measured[figure] / truth[figure] - 1)
}

export function isWithinTolerance(measured: Figures, truth: Figures): boolean {
  return FIGURES.every(
    (figure) => Math.abs(measured[figure] - truth[figure]) <= Math.max(TOLERANCE.ms, TOLERANCE.share * truth[figure]),
  )
}

export function mapFigures(value: (figure: keyof Figures) => number): Figures {
  const [p50, p95, p99, p999, mean] = FIGURES.map(value) as [number, number, number, number, number]
  return { p50, p95, p99, p999, mean }
}
