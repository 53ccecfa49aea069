import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { Latencies } from '../run-file.ts'

const MICROSECONDS_PER_MILLISECOND = 1000

/** A p99 from fewer answers than this is a guess: with n = 299 one of them is above it with 95 % certainty. */
export const MINIMUM_ANSWERS_FOR_P99 = 299

/** The same for the p99.9. */
export const MINIMUM_ANSWERS_FOR_P999 = 2_995

/** One histogram of all trials; `encoded` are HdrHistogram V2, compressed, base64, in microseconds. */
export function mergeHistograms(encoded: readonly string[]): Histogram | null {
  const [first, ...others] = encoded.map(decodeHistogram)
  if (!first) return null
  first.autoResize = true
  for (const other of others) first.add(other)
  return first
}

/** Milliseconds; null for no histogram or an empty one. */
export function latenciesOf(histogram: Histogram | null): Latencies | null {
  if (!histogram || histogram.totalCount === 0) return null
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / MICROSECONDS_PER_MILLISECOND
  return {
    p50: at(50),
    p95: at(95),
    p99: at(99),
    p999: histogram.totalCount < MINIMUM_ANSWERS_FOR_P999 ? null : at(99.9),
    max: histogram.maxValue / MICROSECONDS_PER_MILLISECOND,
  }
}

/** One point of the curve of percentiles: `nines` is −log10(1 − share), so 1 = p90, 2 = p99, 3 = p99.9. */
export interface CurvePoint {
  nines: number
  milliseconds: number
}

/** The curve up to the last percentile that at least one answer stands for. */
export function percentileCurve(histogram: Histogram | null, step = 0.05): CurvePoint[] {
  if (!histogram || histogram.totalCount === 0) return []
  const last = Math.log10(histogram.totalCount)
  const points: CurvePoint[] = []
  for (let index = 0; index * step <= last; index++) {
    const nines = index * step
    const microseconds = histogram.getValueAtPercentile(100 * (1 - 10 ** -nines))
    points.push({ nines, milliseconds: microseconds / MICROSECONDS_PER_MILLISECOND })
  }
  return points
}

function decodeHistogram(encoded: string): Histogram {
  try {
    return decodeFromCompressedBase64(encoded)
  } catch (cause) {
    throw new RangeError(`not a compressed HdrHistogram: "${encoded.slice(0, 24)}…"`, { cause })
  }
}
