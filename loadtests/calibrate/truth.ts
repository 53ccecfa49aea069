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

/** Latencies in ms as they are known: each is at least the one and at most the other of the same place. */
export interface TrueLatencies {
  readonly least: readonly number[]
  readonly most: readonly number[]
}

/** What is true lies between these. */
export interface Truth {
  readonly least: Figures
  readonly most: Figures
}

/**
 * Latency of each person, from the intended moment of arrival to the server's write. The schedule's begin is that of
 * the generator where it tells it; else the one by which nobody came too early. Most writes take equally long. One that
 * took longer was over by then, and whoever it woke had taken the CPU from the server; or it had not begun, because the
 * server had lost the CPU to somebody else. Nobody can tell from outside, so that both are its bounds.
 * @param times intended moments, in ms since the begin; person 1 is the first
 */
export function trueLatencies(
  written: readonly Written[],
  times: readonly number[],
  beganAtMs: number | null,
): TrueLatencies {
  const writeMs = written.length === 0 ? 0 : median(written.map(([, , began, ended]) => ended - began))
  const known = written.flatMap(([person, arrivedAt, writeBeganAt, writeEndedAt]) => {
    const time = times[person - 1]
    const least = Math.min(writeEndedAt, writeBeganAt + writeMs)
    return time === undefined ? [] : [{ time, arrivedAt, least, most: writeEndedAt }]
  })
  const began = beganAtMs ?? known.reduce((least, { time, arrivedAt }) => Math.min(least, arrivedAt - time), Infinity)
  return {
    least: known.map(({ time, least }) => least - began - time),
    most: known.map(({ time, most }) => most - began - time),
  }
}

/** @returns null for nothing */
export function truthOf({ least, most }: TrueLatencies): Truth | null {
  const [from, to] = [figuresOf(least), figuresOf(most)]
  return from && to && { least: from, most: to }
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

/** Signed share of the truth, of that bound which is nearer; 0 between them. */
export function errorsOf(measured: Figures, truth: Truth): Figures {
  return mapFigures((figure) => {
    const nearest = nearestTrue(measured, truth, figure)
    return measured[figure] === nearest ? 0 : measured[figure] / nearest - 1
  })
}

export function isWithinTolerance(measured: Figures, truth: Truth): boolean {
  return FIGURES.every((figure) => {
    const nearest = nearestTrue(measured, truth, figure)
    return Math.abs(measured[figure] - nearest) <= Math.max(TOLERANCE.ms, TOLERANCE.share * nearest)
  })
}

function nearestTrue(measured: Figures, { least, most }: Truth, figure: keyof Figures): number {
  return Math.min(Math.max(measured[figure], least[figure]), most[figure])
}

export function mapFigures(value: (figure: keyof Figures) => number): Figures {
  const [p50, p95, p99, p999, mean] = FIGURES.map(value) as [number, number, number, number, number]
  return { p50, p95, p99, p999, mean }
}
