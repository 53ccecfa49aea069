import { addSingleServer, convolve, delayTerms, type LogTerms, rateTerms } from './log-convolution.ts'

/** A place where customers are served, and wait when it is busy. */
export interface Station {
  readonly name: string
  /** Of one customer's round. */
  readonly visits: number
  /** Seconds of one visit, of somebody who is alone there. */
  readonly serviceTime: number
  /** `delay`: as many as come, nobody waits. */
  readonly servers: number | 'delay'
  /**
   * Speed with 1, 2, … customers present, as multiples of that with one, so that it begins with 1; the last one holds
   * for all that follow. With it, `servers` is not looked at.
   */
  readonly rates?: readonly number[] | undefined
}

/** A fixed number of customers who think, go round the stations, and come again. Times in seconds. */
export interface ClosedNetwork {
  readonly customers: number
  readonly thinkTime: number
  readonly stations: readonly Station[]
}

export interface StationResult {
  readonly name: string
  /** Share of its servers that are busy, 0…1; of one with rates, of the time that it is; null of a delay. */
  readonly utilisation: number | null
  /** Customers there, those in service included. */
  readonly queueLength: number
  /** Seconds of one round spent there, over all visits. */
  readonly residenceTime: number
}

export interface NetworkResult {
  readonly throughput: number
  /** Seconds of a round without the think time. */
  readonly responseTime: number
  readonly stations: readonly StationResult[]
  /** Throughput with 1, 2, … customers. */
  readonly throughputs: readonly number[]
}

export function demandOf({ visits, serviceTime }: Station): number {
  return visits * serviceTime
}

/** How many times faster than for one customer a station is for so many. */
export function rateOf({ servers, rates }: Station, present: number): number {
  if (rates !== undefined) return rates[Math.min(present, rates.length) - 1] ?? 1
  return servers === 'delay' ? present : Math.min(present, servers)
}

/**
 * The exact solution of a product-form network: exponential services in order of arrival, or any services that share
 * their server, as processors do. Takes O(customers) per single server and O(customers²) per station of several.
 * @throws RangeError for a network that is none
 * Source: Baskett, Chandy, Muntz, Palacios, JACM 22 (1975); Lazowska et al., Quantitative System Performance (1984).
 */
export function solveClosedNetwork(network: ClosedNetwork): NetworkResult {
  checkNetwork(network)
  const { customers, thinkTime, stations } = network
  const kinds = new Map(stations.map((station) => [station, kindOf(station, customers)]))
  const of = (kind: Kind) => stations.filter((station) => kinds.get(station) === kind)
  const delay = thinkTime + of('delay').reduce((sum, station) => sum + demandOf(station), 0)
  const simple = of('single').reduce(
    (constants, station) => addSingleServer(constants, demandOf(station)),
    delayTerms(delay, customers),
  )
  const { all, queueLengths } = addVarying(simple, of('varying'), customers)
  const throughputs = Array.from({ length: customers }, (_, n) => Math.exp(at(all, n) - at(all, n + 1)))
  const throughput = throughputs.at(-1) ?? 0
  const results = stations.map((station): StationResult => {
    const queueLength = queueLengths.get(station)?.mean ?? queueLengthOf(station, kinds.get(station), all, throughput)
    const busy = queueLengths.get(station)?.busy
    const utilisation = utilisationOf(station, throughput, busy)
    return { name: station.name, utilisation, queueLength, residenceTime: queueLength / throughput }
  })
  const responseTime = results.reduce((sum, { residenceTime }) => sum + residenceTime, 0)
  return { throughput, responseTime, stations: results, throughputs }
}

type Kind = 'none' | 'delay' | 'single' | 'varying'

/** With as many servers as customers nobody waits either. */
function kindOf(station: Station, customers: number): Kind {
  if (demandOf(station) === 0) return 'none'
  const { servers, rates } = station
  if (rates !== undefined) return 'varying'
  if (servers === 'delay' || servers >= customers) return 'delay'
  return servers === 1 ? 'single' : 'varying'
}

interface Presence {
  readonly mean: number
  /** Share of the time in which somebody is there. */
  readonly busy: number
}

/** How many are at a station follows from the constants of all the others, so these are built up from both ends. */
function addVarying(simple: LogTerms, stations: readonly Station[], customers: number) {
  const terms = stations.map((station) => rateTerms(demandOf(station), (n) => rateOf(station, n), customers))
  const before: LogTerms[] = [simple]
  for (const own of terms) before.push(convolve(before.at(-1) ?? simple, own))
  const all = before.at(-1) ?? simple
  const queueLengths = new Map<Station, Presence>()
  let after: LogTerms | null = null
  for (let index = stations.length - 1; index >= 0; index--) {
    const [station, own, earlier] = [stations[index], terms[index], before[index]]
    if (station === undefined || own === undefined || earlier === undefined) continue
    const others: LogTerms = after === null ? earlier : convolve(earlier, after)
    queueLengths.set(station, presenceOf(own, others, at(all, customers)))
    after = after === null ? own : convolve(own, after)
  }
  return { all, queueLengths }
}

/** P(n there) = own(n) × others(N − n) / G(N). */
function presenceOf(own: LogTerms, others: LogTerms, total: number): Presence {
  const customers = own.length - 1
  let mean = 0
  for (let n = 1; n <= customers; n++) mean += n * Math.exp(at(own, n) + at(others, customers - n) - total)
  return { mean, busy: 1 - Math.exp(at(others, customers) - total) }
}

/** At a single server P(n or more) = demandⁿ G(N − n) / G(N). */
function queueLengthOf(station: Station, kind: Kind | undefined, all: LogTerms, throughput: number): number {
  if (kind !== 'single') return throughput * demandOf(station)
  const customers = all.length - 1
  const logDemand = Math.log(demandOf(station))
  let sum = 0
  for (let n = 1; n <= customers; n++) sum += Math.exp(n * logDemand + at(all, customers - n) - at(all, customers))
  return sum
}

function utilisationOf(station: Station, throughput: number, busy: number | undefined): number | null {
  if (station.rates !== undefined) return busy ?? 0
  return station.servers === 'delay' ? null : Math.min(1, (throughput * demandOf(station)) / station.servers)
}

function checkNetwork({ customers, thinkTime, stations }: ClosedNetwork): void {
  if (!Number.isInteger(customers) || customers < 1)
    throw new RangeError(`customers must be a whole number from 1 on, not ${customers}`)
  if (!(thinkTime >= 0)) throw new RangeError(`the think time must not be negative: ${thinkTime}`)
  for (const station of stations) checkStation(station)
  if (!stations.some((station) => demandOf(station) > 0)) throw new RangeError('no station has any demand')
}

function checkStation({ name, visits, serviceTime, servers, rates }: Station): void {
  if (!(visits >= 0 && serviceTime >= 0 && Number.isFinite(visits * serviceTime)))
    throw new RangeError(`${name}: visits and service time must not be negative: ${visits}, ${serviceTime}`)
  if (servers !== 'delay' && !(Number.isInteger(servers) && servers >= 1))
    throw new RangeError(`${name}: servers must be a whole number from 1 on or "delay", not ${servers}`)
  if (rates === undefined) return
  if (rates[0] !== 1) throw new RangeError(`${name}: rates begin with 1, that of one customer alone, not ${rates[0]}`)
  const wrong = rates.find((rate, index) => !(rate > 0 && rate <= index + 1))
  if (wrong !== undefined) throw new RangeError(`${name}: n customers are served at most n times as fast, not ${wrong}`)
}

function at(terms: LogTerms, index: number): number {
  return terms[index] ?? Number.NEGATIVE_INFINITY
}
