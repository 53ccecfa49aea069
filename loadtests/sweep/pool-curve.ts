import { formatNumber, formatShare } from '../analysis/format.ts'
import { type ByRound, intervalOverRounds, ratioWithinRounds } from '../analysis/rounds.ts'
import { findKnee } from '../model/knee.ts'
import { ratioBetween } from './recommend.ts'
import type { PoolCurve } from './sweep-file.ts'

/** A pool whose connections are in use for so much of the time bounds the throughput. */
const FULL = 0.9
/** Less than this is no decline that matters, and no rise. */
const LEVEL = 0.03
/** A decline of more than this must be excluded before anybody speaks of a plateau. */
const ROUGHLY_LEVEL = 0.1

/** One pool of the sweep. */
export interface PoolPlace {
  /** Connections of all server processes together. */
  readonly connections: number
  /** Answers per second. */
  readonly rounds: ByRound
  /** Seconds, and connections. */
  readonly hold: ByRound
  readonly busy: ByRound
}

export interface Demand {
  readonly station: string
  /** Seconds of a whole station that one answer takes: it allows 1/seconds per second. */
  readonly seconds: number
}

/**
 * While all connections are in use throughput is pool / hold, so that its slope is 1/hold; past the knee something else
 * bounds it. The knee that the demands foretell is where pool / hold meets 1/Dmax.
 * @param largest the largest demand that was measured; null where it is not known
 */
export function describePoolCurve(places: readonly PoolPlace[], largest: Demand | null): PoolCurve {
  const sorted = [...places].sort((a, b) => a.connections - b.connections)
  const full = sorted.filter(isFull)
  const slope = slopeByRound(full)
  const perHold = perHoldByRound(full)
  const smallest = sorted[0] && intervalOverRounds(sorted[0].hold)?.median
  const knee = kneeOf(sorted)
  return {
    slope: intervalOverRounds(slope),
    one_over_hold: intervalOverRounds(perHold),
    slope_x_hold: ratioWithinRounds(slope, perHold),
    knee,
    demand_knee: smallest === undefined || largest === null ? null : smallest / largest.seconds,
    largest_demand: largest && { station: largest.station, ms: 1_000 * largest.seconds },
    tail: describeTail(sorted, knee),
  }
}

function isFull({ connections, busy }: PoolPlace): boolean {
  const used = intervalOverRounds(busy)
  return used !== null && used.median >= FULL * connections
}

/** Least squares through the origin: without a connection there is no answer. */
function slopeByRound(full: readonly PoolPlace[]): ByRound {
  return combine(full, (values) => {
    const products = values.reduce((sum, { connections, rate }) => sum + connections * rate, 0)
    return products / values.reduce((sum, { connections }) => sum + connections ** 2, 0)
  })
}

/** Weighted as the slope weighs its pools, so that the two can be held against each other. */
function perHoldByRound(full: readonly PoolPlace[]): ByRound {
  return combine(full, (values) => {
    const weights = values.reduce((sum, { connections }) => sum + connections ** 2, 0)
    return values.reduce((sum, { connections, hold }) => sum + connections ** 2 / hold, 0) / weights
  })
}

interface Value {
  readonly connections: number
  readonly rate: number
  readonly hold: number
}

/** Of the rounds that have all pools. */
function combine(places: readonly PoolPlace[], figure: (values: readonly Value[]) => number): ByRound {
  const combined = new Map<number, number>()
  for (const round of places[0]?.rounds.keys() ?? []) {
    const values = places.flatMap(({ connections, rounds, hold }) => {
      const [rate, held] = [rounds.get(round), hold.get(round)]
      return rate === undefined || held === undefined || held === 0 ? [] : [{ connections, rate, hold: held }]
    })
    if (values.length === places.length) combined.set(round, figure(values))
  }
  return combined
}

/** The curve begins at 0: without a connection there is no answer. */
function kneeOf(places: readonly PoolPlace[]): number | null {
  const points = places.flatMap(({ connections, rounds }) => {
    const rate = intervalOverRounds(rounds)
    return rate === null ? [] : [{ x: connections, y: rate.median }]
  })
  return points.length < 3 ? null : findKnee([{ x: 0, y: 0 }, ...points])
}

/** The largest pool against the mean of the others from the knee on: which of them is best was not looked at, so chance has no say. */
function describeTail(places: readonly PoolPlace[], knee: number | null): PoolCurve['tail'] {
  const largest = places.at(-1)
  const others = places.slice(0, -1).filter(({ connections }) => knee !== null && connections >= knee)
  if (largest === undefined || others.length === 0)
    return {
      verdict: 'not known',
      ratio: null,
      told: 'no knee was seen, or no pool between it and the largest one was measured',
    }
  const mean = combine(others, (values) =>
    Math.exp(values.reduce((sum, { rate }) => sum + Math.log(rate), 0) / values.length),
  )
  const ratio = ratioBetween(largest.rounds, mean)
  const found = ratio === null ? '' : `${formatNumber(ratio.estimate)} × the pools from the knee on`
  if (ratio === null || ratio.low === null || ratio.high === null)
    return {
      verdict: 'not known',
      ratio,
      told: `the largest pool: ${found || 'not known'}; too few rounds for an interval`,
    }
  const told = `the largest pool brings ${found} (${formatNumber(ratio.low)}–${formatNumber(ratio.high)})`
  if (ratio.high < 1) return { verdict: 'decline', ratio, told: `${told}: throughput declines past the knee` }
  if (ratio.low > 1 + LEVEL)
    return { verdict: 'still rising', ratio, told: `${told}: it still rises, measure larger pools` }
  const possible = `a decline of up to ${formatShare(Math.max(0, 1 - ratio.low))} is possible`
  if (ratio.low < 1 - ROUGHLY_LEVEL)
    return { verdict: 'not known', ratio, told: `${told}: the noise hides whether it declines; ${possible}` }
  const bound = ratio.low >= 1 - LEVEL ? 'no decline of more than 3 %' : possible
  return { verdict: 'plateau', ratio, told: `${told}: a plateau, no decline seen; ${bound}` }
}
