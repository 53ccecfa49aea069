import { type ClosedNetwork, demandOf, type Station } from './closed-network.ts'
import type { Range } from './usl.ts'

export interface Bounds {
  /** Customers per second. */
  readonly throughput: Range
  /** Seconds. */
  readonly responseTime: Range
  /** The same, tighter, where every station is a single server or a delay; else null. */
  readonly balanced: { readonly throughput: Range; readonly responseTime: Range } | null
  /** Up to so many customers hardly anybody waits: (D + Z)/Dmax. */
  readonly saturation: number | null
  /** The station that sets the limit; null where nobody ever waits. */
  readonly bottleneck: string | null
}

/** Seconds that a station at work with all its servers needs for one customer. */
function busiestDemandOf(station: Station): number {
  const { servers, rates } = station
  if (rates !== undefined) return demandOf(station) / Math.max(...rates)
  return servers === 'delay' ? 0 : demandOf(station) / servers
}

/** Where nobody is helped by other servers; a delay is nobody's queue. */
function slowestDemandOf(station: Station): number {
  if (station.rates !== undefined) return demandOf(station) / Math.min(...station.rates)
  return station.servers === 'delay' ? 0 : demandOf(station)
}

/**
 * What no distribution of service times can pass: X ≤ min(1/Dmax, N/(D + Z)); X ≥ N/(ND + Z), where everybody is always
 * behind all others.
 * Source: Denning and Buzen, ACM Computing Surveys 10 (1978); Lazowska et al. (1984), ch. 5.
 */
export function boundsOf(network: ClosedNetwork): Bounds {
  const { customers, thinkTime, stations } = network
  const total = stations.reduce((sum, station) => sum + demandOf(station), 0)
  const delay = thinkAndDelay(network)
  const slowest = stations.reduce((sum, station) => sum + slowestDemandOf(station), 0)
  const busiest = stations.reduce<Station | null>(
    (most, station) => (busiestDemandOf(station) > (most === null ? 0 : busiestDemandOf(most)) ? station : most),
    null,
  )
  const most = busiest === null ? 0 : busiestDemandOf(busiest)
  const high = Math.min(1 / most, customers / (total + thinkTime))
  const low = customers / (customers * slowest + delay)
  return {
    throughput: { low, high },
    responseTime: responseTimes({ low, high }, network),
    balanced: balancedBounds(network),
    saturation: busiest === null ? null : (total + thinkTime) / most,
    bottleneck: busiest?.name ?? null,
  }
}

/**
 * Balanced job bounds: a network whose demands are all equal is the best, one with all of it at the busiest the worst.
 * Source: Zahorjan, Sevcik, Eager, Galler, CACM 25 (1982); Lazowska et al. (1984), §5.4.
 */
function balancedBounds(network: ClosedNetwork): Bounds['balanced'] {
  const { customers, stations } = network
  const queueing = stations.filter((station) => demandOf(station) > 0 && station.servers !== 'delay')
  if (queueing.length === 0 || queueing.some(({ servers, rates }) => servers !== 1 || rates !== undefined)) return null
  const demands = queueing.map(demandOf)
  const total = demands.reduce((sum, demand) => sum + demand, 0)
  const [most, mean] = [Math.max(...demands), total / demands.length]
  const delay = thinkAndDelay(network)
  const others = customers - 1
  const throughput = {
    low: customers / (total + delay + (others * most) / (1 + delay / (customers * total))),
    high: Math.min(1 / most, customers / (total + delay + (others * mean) / (1 + delay / total))),
  }
  return { throughput, responseTime: responseTimes(throughput, network) }
}

/** A delay is think time to everybody who queues. */
function thinkAndDelay({ thinkTime, stations }: ClosedNetwork): number {
  const delays = stations.filter(({ servers, rates }) => servers === 'delay' && rates === undefined)
  return delays.reduce((sum, station) => sum + demandOf(station), thinkTime)
}

/** R = N/X − Z. */
function responseTimes({ low, high }: Range, { customers, thinkTime }: ClosedNetwork): Range {
  return { low: Math.max(0, customers / high - thinkTime), high: customers / low - thinkTime }
}
