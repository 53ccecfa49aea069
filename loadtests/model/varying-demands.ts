import { type ClosedNetwork, type NetworkResult, type Station, solveClosedNetwork } from './closed-network.ts'

/** Seconds of one visit, as measured with so many customers in the whole system. */
export interface MeasuredServiceTime {
  readonly customers: number
  readonly serviceTime: number
}

/** A station whose demand was measured at several loads: caches warm up, batches grow, context switches add up. */
export interface VaryingStation extends Omit<Station, 'serviceTime'> {
  readonly serviceTime: number | readonly MeasuredServiceTime[]
}

export interface VaryingNetwork extends Omit<ClosedNetwork, 'stations'> {
  readonly stations: readonly VaryingStation[]
}

/**
 * An approximation: each load is solved exactly with the demands of that load, straight between the measured ones and
 * the nearest one outside of them. Within the measured range it is as good as the demands.
 * Source: Kattepur and Nambiar, Performance modeling of multi-tiered web applications with varying service demands
 * (MVASD, 2015), who put the demands of each load into the steps of multi-server MVA.
 */
export function solveVaryingNetwork(network: VaryingNetwork): NetworkResult {
  return solveClosedNetwork(networkAt(network, network.customers))
}

/** The network with the demands of so many customers. */
export function networkAt({ thinkTime, stations }: VaryingNetwork, customers: number): ClosedNetwork {
  return {
    customers,
    thinkTime,
    stations: stations.map((station) => ({ ...station, serviceTime: serviceTimeAt(station.serviceTime, customers) })),
  }
}

/** The greatest load at which every demand was measured; null where none depends on the load. */
export function measuredUpTo({ stations }: VaryingNetwork): number | null {
  const ends = stations.flatMap(({ serviceTime }) =>
    typeof serviceTime === 'number' ? [] : [Math.max(...serviceTime.map(({ customers }) => customers))],
  )
  return ends.length === 0 ? null : Math.min(...ends)
}

/** @throws RangeError for an empty list */
export function serviceTimeAt(measured: VaryingStation['serviceTime'], customers: number): number {
  if (typeof measured === 'number') return measured
  const sorted = [...measured].sort((a, b) => a.customers - b.customers)
  const above = sorted.find((point) => point.customers >= customers)
  const below = sorted.findLast((point) => point.customers <= customers)
  const nearest = above ?? below
  if (nearest === undefined) throw new RangeError('a service time that depends on the load needs a measured one')
  if (above === undefined || below === undefined || above.customers === below.customers) return nearest.serviceTime
  const share = (customers - below.customers) / (above.customers - below.customers)
  return below.serviceTime + share * (above.serviceTime - below.serviceTime)
}
