import type { Arrivals } from './arrivals.ts'

/** The greatest people per second that is asked for. In a file of its own, which k6 can load as well. */
export function peakRate(arrivals: Arrivals): number {
  if (arrivals.model === 'ramp') return Math.max(arrivals.from, arrivals.to)
  return arrivals.model === 'steps' ? Math.max(...arrivals.rates) : arrivals.rate
}
