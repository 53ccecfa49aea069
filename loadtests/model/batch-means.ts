import { sampleStandardDeviation } from 'simple-statistics'

/** Long enough that batches hardly depend on each other, many enough for a deviation. */
const BATCHES = 20

export interface Estimate {
  readonly mean: number
  /** Of the mean. */
  readonly standardError: number
}

export interface BatchMeans {
  record(at: number, value: number): void
  /** Of the values; NaN without any. */
  values(): Estimate
  /** How many there were per second. */
  rate(): Estimate
}

/**
 * Values of one simulation depend on those before them, so their own deviation says too little: the means of twenty
 * consecutive parts of it are compared. Source: Law, Simulation Modeling and Analysis (2007), §9.5.3.
 */
export function createBatchMeans(begin: number, duration: number): BatchMeans {
  const batches = Array.from({ length: BATCHES }, () => ({ count: 0, sum: 0 }))
  return {
    record(at, value) {
      const batch = batches[Math.min(BATCHES - 1, Math.floor(((at - begin) / duration) * BATCHES))]
      if (batch === undefined) return
      batch.count++
      batch.sum += value
    },
    values() {
      const filled = batches.filter(({ count }) => count > 0)
      const total = filled.reduce((sum, batch) => sum + batch.sum, 0)
      const count = filled.reduce((sum, batch) => sum + batch.count, 0)
      return { mean: total / count, standardError: errorOf(filled.map((batch) => batch.sum / batch.count)) }
    },
    rate() {
      const rates = batches.map(({ count }) => (count * BATCHES) / duration)
      return { mean: rates.reduce((sum, rate) => sum + rate, 0) / BATCHES, standardError: errorOf(rates) }
    },
  }
}

function errorOf(means: readonly number[]): number {
  return means.length < 2 ? Number.NaN : sampleStandardDeviation([...means]) / Math.sqrt(means.length)
}
