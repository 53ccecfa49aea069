import { describe, expect, it } from 'vitest'
import { type ClosedNetwork, rateOf, type Station, solveClosedNetwork } from './closed-network.ts'

const stationOf = (
  name: string,
  serviceTime: number,
  visits = 1,
  servers: Station['servers'] = 1,
  rates?: readonly number[],
): Station => ({ name, serviceTime, visits, servers, rates })

const perVisit = (network: ClosedNetwork) =>
  solveClosedNetwork(network).stations.map(
    ({ residenceTime }, index) => residenceTime / (network.stations[index]?.visits ?? 1),
  )

describe('published examples', () => {
  const jain = (customers: number): ClosedNetwork => ({
    customers,
    thinkTime: 4,
    stations: [stationOf('cpu', 0.125, 16), stationOf('disk a', 0.3, 10), stationOf('disk b', 0.2, 5)],
  })

  it('Jain, The Art of Computer Systems Performance Analysis (1991), example 34.2', () => {
    const solved = solveClosedNetwork(jain(20))
    expect(solved.throughput).toBeCloseTo(0.33325, 4)
    for (const [index, expected] of [0.373, 4.854, 0.3].entries())
      expect(perVisit(jain(20))[index]).toBeCloseTo(expected, 3)
    for (const [index, expected] of [1.991, 16.177, 0.5].entries())
      expect(solved.stations[index]?.queueLength).toBeCloseTo(expected, 2)
    expect(solved.responseTime).toBeCloseTo(20 / solved.throughput - 4, 9)
  })

  it('the same with one and two customers, by hand', () => {
    const { throughputs, stations } = solveClosedNetwork(jain(2))
    expect(throughputs[0]).toBeCloseTo(1 / 10, 12)
    expect(throughputs[1]).toBeCloseTo(2 / 11.4, 12)
    for (const [index, expected] of [0.15, 0.39, 0.22].entries())
      expect((stations[index]?.residenceTime ?? 0) / (jain(2).stations[index]?.visits ?? 1)).toBeCloseTo(expected, 12)
  })

  it('Bolch et al., Queueing Networks and Markov Chains (1998), example 8.1: stations of several servers', () => {
    const network = {
      customers: 3,
      thinkTime: 0,
      stations: [stationOf('1', 1 / 0.8, 1, 2), stationOf('2', 1 / 0.6, 0.667, 3), stationOf('3', 1 / 0.4, 0.2, 1)],
    }
    const { throughput, stations } = solveClosedNetwork(network)
    expect(Math.abs(throughput - 0.945)).toBeLessThan(0.001)
    for (const [index, expected] of [1.29, 1.05, 0.66].entries())
      expect(Math.abs((stations[index]?.queueLength ?? 0) - expected)).toBeLessThan(0.001)
    for (const [index, expected] of [1.366, 1.667, 3.496].entries())
      expect(Math.abs((perVisit(network)[index] ?? 0) - expected)).toBeLessThan(0.001)
  })

  it('Bolch et al., example 8.3: single servers', () => {
    const { throughput, stations } = solveClosedNetwork({
      customers: 6,
      thinkTime: 0,
      stations: [stationOf('1', 0.02), stationOf('2', 0.2, 0.4), stationOf('3', 0.4, 0.2), stationOf('4', 0.6, 0.1)],
    })
    expect(throughput).toBeCloseTo(9.92, 2)
    for (const [index, expected] of [0.198, 0.794, 0.794, 0.595].entries())
      expect(stations[index]?.utilisation).toBeCloseTo(expected, 3)
    for (const [index, expected] of [0.244, 2.261, 2.261, 1.234].entries())
      expect(stations[index]?.queueLength).toBeCloseTo(expected, 2)
  })

  it('Bolch et al., example 8.4: two servers and a delay', () => {
    const { throughput, stations } = solveClosedNetwork({
      customers: 3,
      thinkTime: 0,
      stations: [
        stationOf('1', 0.5, 1, 2),
        stationOf('2', 0.6, 0.5),
        stationOf('3', 0.8, 0.5),
        stationOf('4', 1, 1, 'delay'),
      ],
    })
    expect(throughput).toBeCloseTo(1.218, 2)
    for (const [index, expected] of [0.624, 0.473, 0.686, 1.217].entries())
      expect(Math.abs((stations[index]?.queueLength ?? 0) - expected)).toBeLessThan(0.001)
    expect(stations[3]?.utilisation).toBeNull()
  })
})

/** Balance of births and deaths at one station whose customers otherwise think: nothing in common with convolution. */
function repairShop(customers: number, thinkTime: number, station: Station) {
  const weights = [1]
  for (let n = 1; n <= customers; n++)
    weights.push(((weights[n - 1] ?? 0) * (customers - n + 1) * station.serviceTime) / thinkTime / rateOf(station, n))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const queueLength = weights.reduce((sum, weight, n) => sum + (n * weight) / total, 0)
  return { queueLength, throughput: (customers - queueLength) / thinkTime, idle: 1 / total }
}

describe('a single station against its balance equations', () => {
  it.each([
    ['one server', stationOf('s', 0.02)],
    ['eight servers', stationOf('s', 0.02, 1, 8)],
    ['rates that rise and then fall', stationOf('s', 0.02, 1, 1, [1, 1.9, 2.6, 3, 2.8, 2.5])],
  ])('%s', (_name, station) => {
    const expected = repairShop(60, 0.5, station)
    const { throughput, stations } = solveClosedNetwork({ customers: 60, thinkTime: 0.5, stations: [station] })
    expect(throughput / expected.throughput).toBeCloseTo(1, 10)
    expect((stations[0]?.queueLength ?? 0) / expected.queueLength).toBeCloseTo(1, 9)
    if (station.rates) expect(stations[0]?.utilisation).toBeCloseTo(1 - expected.idle, 9)
  })
})

/** Every state of the network by itself: products of the stations' terms, summed. */
function bruteForce({ customers, thinkTime, stations }: ClosedNetwork): number {
  const all = [stationOf('think', thinkTime, 1, 'delay'), ...stations]
  const constant = (left: number, index: number): number => {
    const station = all[index]
    if (station === undefined) return left === 0 ? 1 : 0
    let [sum, term] = [0, 1]
    for (let n = 0; n <= left; n++) {
      if (n > 0) term *= (station.visits * station.serviceTime) / rateOf(station, n)
      sum += term * constant(left - n, index + 1)
    }
    return sum
  }
  return constant(customers - 1, 0) / constant(customers, 0)
}

it('several stations of several servers, against the sum over all states', () => {
  const network = {
    customers: 9,
    thinkTime: 0.3,
    stations: [
      stationOf('a', 0.1, 2, 3),
      stationOf('b', 0.05, 1, 1),
      stationOf('c', 0.2, 1, 2),
      stationOf('d', 0.08, 1, 1, [1, 1.5, 1.2]),
      stationOf('idle', 0, 1, 1),
    ],
  }
  const { throughput, stations, responseTime } = solveClosedNetwork(network)
  expect(throughput).toBeCloseTo(bruteForce(network), 10)
  const present = stations.reduce((sum, { queueLength }) => sum + queueLength, 0)
  expect(present + throughput * network.thinkTime).toBeCloseTo(9, 9)
  expect(throughput * (responseTime + 0.3)).toBeCloseTo(9, 9)
  expect(stations.at(-1)).toEqual({ name: 'idle', utilisation: 0, queueLength: 0, residenceTime: 0 })
})

it('as many servers as customers are a delay', () => {
  const of = (servers: Station['servers']) =>
    solveClosedNetwork({
      customers: 12,
      thinkTime: 1,
      stations: [stationOf('a', 0.4, 1, servers), stationOf('b', 0.1)],
    })
  expect(of(12).throughput).toBe(of('delay').throughput)
  expect(of(11).throughput).toBeLessThan(of(12).throughput)
})

it('stays exact with thousands of customers, where recursions over probabilities break down', () => {
  const { throughputs, stations, throughput } = solveClosedNetwork({
    customers: 2_000,
    thinkTime: 2,
    stations: [stationOf('app', 0.004, 1, 4), stationOf('store', 0.0011), stationOf('pool', 0.012, 1, 10)],
  })
  expect(throughput).toBeCloseTo(1 / 0.0012, 6)
  for (const [index, value] of throughputs.entries())
    expect(value).toBeGreaterThanOrEqual((throughputs[index - 1] ?? 0) * (1 - 1e-9))
  const present = stations.reduce((sum, { queueLength }) => sum + queueLength, 0)
  expect((present + throughput * 2) / 2_000).toBeCloseTo(1, 8)
})

it.each([
  [{ customers: 0, thinkTime: 0, stations: [] }, /customers must be a whole number from 1 on, not 0/],
  [{ customers: 1, thinkTime: -1, stations: [] }, /think time must not be negative: -1/],
  [{ customers: 1, thinkTime: 1, stations: [] }, /no station has any demand/],
  [{ customers: 1, thinkTime: 1, stations: [stationOf('a', -2)] }, /a: visits and service time .* 1, -2/],
  [{ customers: 1, thinkTime: 1, stations: [stationOf('a', 1, 1, 1.5)] }, /a: servers must be .* not 1.5/],
  [{ customers: 1, thinkTime: 1, stations: [stationOf('a', 1, 1, 1, [2])] }, /a: rates begin with 1, .* not 2/],
  [{ customers: 1, thinkTime: 1, stations: [stationOf('a', 1, 1, 1, [1, 3])] }, /a: n customers .* not 3/],
])('refuses %j', (network, message) => {
  expect(() => solveClosedNetwork(network)).toThrow(message)
})
