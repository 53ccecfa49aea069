/** What was measured of one closed or open load, as far as it is known. Seconds, and customers per second. */
export interface Observation {
  readonly throughput: number
  /** Mean, from request to answer. */
  readonly responseTime: number
  /** Of a closed loop: how many were always at it; else null. */
  readonly customers: number | null
  readonly thinkTime: number
  readonly stations: readonly ObservedStation[]
}

export interface ObservedStation {
  readonly name: string
  /** Busy seconds per customer, over all its servers. */
  readonly demand: number
  /** Some of it falls behind the answer, while the customer is on his next round already. */
  readonly isBehindAnswer?: boolean
  readonly servers: number
  /** Measured by another instrument, 0…1; null where there is none. */
  readonly utilisation: number | null
}

export interface Violation {
  readonly law: 'L = X W' | 'U = X D' | 'X <= 1/Dmax' | 'X <= N/(D + Z)'
  /** Which instrument is broken, and by how much, in a sentence. */
  readonly told: string
}

/** Clocks, warm-up and what is under way at the end explain a few percent. */
export const TOLERANCE = 0.05

/**
 * What always holds, whatever is measured: a violation says that an instrument is broken, not that the system is odd.
 * Source: Denning and Buzen, The operational analysis of queueing network models, ACM Computing Surveys 10 (1978).
 */
export function checkOperationalLaws(observation: Observation, tolerance = TOLERANCE): Violation[] {
  return [
    ...checkLittle(observation, tolerance),
    ...observation.stations.flatMap((station) => checkUtilisation(observation, station, tolerance)),
    ...observation.stations.flatMap((station) => checkCapacity(observation, station, tolerance)),
    ...checkLightLoad(observation, tolerance),
  ]
}

/** How many laws an observation is held against. */
export function countLaws({ customers, stations }: Observation): number {
  const ofPath = stations.some(({ isBehindAnswer }) => !isBehindAnswer) ? 1 : 0
  const ofLoop = customers === null ? 0 : 1 + ofPath
  return stations.reduce((sum, { utilisation }) => sum + (utilisation === null ? 1 : 2), ofLoop)
}

/** Little's law over the whole loop: whoever is not thinking is waiting for an answer. */
function checkLittle(observation: Observation, tolerance: number): Violation[] {
  const { throughput, responseTime, thinkTime, customers } = observation
  if (customers === null) return []
  const found = throughput * (responseTime + thinkTime)
  const error = found / customers - 1
  if (Math.abs(error) <= tolerance) return []
  return [
    {
      law: 'L = X W',
      told: `the load generator: ${round(throughput)} per second × (${round(responseTime)} s + ${round(thinkTime)} s) are ${round(found)} customers under way, but there were ${customers} (${percent(error)}): its clock, its counter or its connections are not what they seem`,
    },
  ]
}

function checkUtilisation({ throughput }: Observation, station: ObservedStation, tolerance: number): Violation[] {
  const { name, demand, servers, utilisation } = station
  if (utilisation === null) return []
  const computed = (throughput * demand) / servers
  if (Math.abs(computed - utilisation) <= tolerance * Math.max(computed, utilisation)) return []
  return [
    {
      law: 'U = X D',
      told: `the meter of ${name}: it shows ${percent(utilisation)} busy, but ${round(throughput)} per second of ${round(demand)} s each on ${servers} make ${percent(computed)}`,
    },
  ]
}

function checkCapacity({ throughput }: Observation, station: ObservedStation, tolerance: number): Violation[] {
  const { name, demand, servers } = station
  const busy = (throughput * demand) / servers
  if (busy <= 1 + tolerance) return []
  return [
    {
      law: 'X <= 1/Dmax',
      told: `the demand of ${name}: ${round(demand)} s each on ${servers} allow ${round(servers / demand)} per second at most, but ${round(throughput)} were counted`,
    },
  ]
}

/** Even if nobody ever waited, a round takes its demands and the think time. */
function checkLightLoad(observation: Observation, tolerance: number): Violation[] {
  const { throughput, customers, thinkTime, stations } = observation
  const total = stations.reduce((sum, { demand, isBehindAnswer }) => sum + (isBehindAnswer ? 0 : demand), 0)
  if (customers === null || total + thinkTime === 0) return []
  const most = customers / (total + thinkTime)
  if (throughput <= most * (1 + tolerance)) return []
  return [
    {
      law: 'X <= N/(D + Z)',
      told: `the sum of all demands: rounds of ${round(total + thinkTime)} s allow ${customers} customers ${round(most)} per second at most, but ${round(throughput)} were counted; a demand is too large, or work goes on after the answer`,
    },
  ]
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function percent(share: number): string {
  return `${round(100 * share)} %`
}
