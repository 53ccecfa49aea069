import { describe, expect, it } from 'vitest'
import { createRandom } from '../analysis/random.ts'
import type { Estimate } from './batch-means.ts'
import { type ClosedNetwork, solveClosedNetwork } from './closed-network.ts'
import { constant, empirical, exponential, lognormal } from './draws.ts'
import { solveErlang, waitQuantile } from './erlang.ts'
import { hold, serve } from './route.ts'
import { simulate } from './simulate.ts'

/** Four standard errors: with a fixed seed the outcome is always the same, and this far off it would be wrong. */
function expectNear({ mean, standardError }: Estimate, truth: number): void {
  expect(Math.abs(mean - truth)).toBeLessThan(4 * standardError)
  // A wide error would let everything pass.
  expect(standardError).toBeLessThan(0.03 * truth)
}

const RUN = { warmUp: 50, seed: 5 }

describe('against exact models', () => {
  it('M/M/1: mean, percentiles, utilisation, wait and line', () => {
    const [arrivalRate, serviceRate] = [70, 100]
    const result = simulate({
      ...RUN,
      duration: 3_000,
      resources: [{ name: 'server', units: 1 }],
      route: serve('server', exponential(1 / serviceRate)),
      arrivals: { ratePerSecond: arrivalRate },
    })
    const { responseTime, queueLength } = solveErlang({ arrivalRate, serviceRate, servers: 1 })
    expectNear(result.responseTime, responseTime)
    expectNear(result.throughput, arrivalRate)
    // Response times of M/M/1 are exponential.
    expect(result.percentiles.p50 / (responseTime * Math.log(2))).toBeCloseTo(1, 1)
    expect(result.percentiles.p99 / (responseTime * Math.log(100))).toBeCloseTo(1, 1)
    const [server] = result.resources
    expect(server?.utilisation).toBeCloseTo(0.7, 1)
    expect(server?.waiting).toBeCloseTo(queueLength, 0)
    // Little's law holds for the line whatever happened.
    expect((server?.waiting ?? 0) / (result.throughput.mean * (server?.wait ?? 0))).toBeCloseTo(1, 2)
  })

  it('M/M/c', () => {
    const input = { arrivalRate: 360, serviceRate: 50, servers: 9 }
    const result = simulate({
      ...RUN,
      duration: 1_000,
      resources: [{ name: 'pool', units: 9 }],
      route: hold('pool', [{ do: 'spend', time: exponential(1 / 50) }]),
      arrivals: { ratePerSecond: 360 },
    })
    expectNear(result.responseTime, solveErlang(input).responseTime)
    expect(result.resources[0]?.utilisation).toBeCloseTo(0.8, 1)
    expect(waitQuantile(input, 0.99)).toBeLessThan(result.percentiles.p99)
  })

  it('M/D/1: constant times wait half as long (Pollaczek and Khinchine)', () => {
    const result = simulate({
      ...RUN,
      duration: 2_000,
      resources: [{ name: 'server', units: 1 }],
      route: serve('server', constant(0.01)),
      arrivals: { ratePerSecond: 70 },
    })
    expectNear(result.responseTime, 0.01 + (0.7 * 0.01) / (2 * 0.3))
  })

  it('M/G/1: lognormal times that vary twice as much wait 2.5 times as long', () => {
    const result = simulate({
      ...RUN,
      duration: 8_000,
      resources: [{ name: 'server', units: 1 }],
      route: serve('server', lognormal(0.01, 2)),
      arrivals: { ratePerSecond: 50 },
    })
    expectNear(result.responseTime, 0.01 + (0.5 * 0.01 * (1 + 4)) / (2 * 0.5))
  })

  it('a closed network of a processor of two cores, a store and a delay: MVA', () => {
    const network: ClosedNetwork = {
      customers: 40,
      thinkTime: 0.2,
      stations: [
        { name: 'cpu', serviceTime: 0.012, visits: 1, servers: 2 },
        { name: 'store', serviceTime: 0.005, visits: 1, servers: 1 },
        { name: 'wire', serviceTime: 0.01, visits: 1, servers: 'delay' },
      ],
    }
    const exact = solveClosedNetwork(network)
    const result = simulate({
      ...RUN,
      duration: 600,
      resources: [
        { name: 'cpu', units: 2 },
        { name: 'store', units: 1 },
      ],
      route: [
        ...serve('cpu', exponential(0.012)),
        ...serve('store', exponential(0.005)),
        { do: 'spend', time: exponential(0.01) },
      ],
      arrivals: { customers: 40, think: exponential(0.2) },
    })
    expectNear(result.throughput, exact.throughput)
    expectNear(result.responseTime, exact.responseTime)
    for (const [index, { utilisation, waiting, inUse }] of result.resources.entries()) {
      expect(utilisation).toBeCloseTo(exact.stations[index]?.utilisation ?? Number.NaN, 1)
      expect((waiting + inUse) / (exact.stations[index]?.queueLength ?? 0)).toBeCloseTo(1, 0)
    }
  })
})

describe('what MVA cannot say', () => {
  const closed = { customers: 50, think: constant(0) }

  it('a row lock held over a store’s time is the limit, however large the pool', () => {
    const withPool = (units: number) =>
      simulate({
        ...RUN,
        duration: 200,
        resources: [
          { name: 'pool', units },
          { name: 'row', units: 1 },
          { name: 'store', units: 4 },
        ],
        route: hold('pool', [
          ...serve('store', exponential(0.002)),
          ...hold('row', serve('store', exponential(0.004))),
        ]),
        arrivals: closed,
      })
    const [small, large] = [withPool(2), withPool(20)]
    // Fifty people keep the row busy nearly always: 1/0.004 s.
    expectNear(large.throughput, 1 / 0.004)
    expect(small.throughput.mean).toBeLessThan(large.throughput.mean)
    expect(large.resources[1]?.utilisation).toBeGreaterThan(0.9)
    expect(small.resources[0]?.waiting).toBeGreaterThan(40)
  })

  it('a bounded line refuses whom it cannot hold; who was refused comes again', () => {
    const result = simulate({
      ...RUN,
      duration: 200,
      resources: [
        { name: 'semaphore', units: 10, maxWaiting: 5 },
        { name: 'store', units: 1 },
      ],
      route: hold('semaphore', serve('store', exponential(0.01))),
      arrivals: { customers: 50, think: exponential(0.1) },
    })
    expect(result.throughput.mean).toBeGreaterThan(95)
    expect(result.refused).toBeGreaterThan(10_000)
    expect(result.resources[0]?.refused).toBe(result.refused)
    expect(result.resources[0]?.waiting).toBeLessThanOrEqual(5)
    // Ten hold a place, five wait for one: nobody who is answered stays longer than fifteen services take.
    expect(result.percentiles.p50).toBeLessThan(0.2)
  })

  it('uses that are never given back run out', () => {
    const result = simulate({
      seed: 5,
      warmUp: 0,
      duration: 100,
      resources: [{ name: 'uses', units: 100, maxWaiting: 0 }],
      route: [{ do: 'take', resource: 'uses' }, { do: 'answer' }, { do: 'spend', time: constant(1_000) }],
      arrivals: { ratePerSecond: 50 },
    })
    expect(result.answers).toBe(100)
    expect(result.refused).toBeGreaterThan(4_000)
  })

  it('what follows the answer goes on behind it: workers fall behind, answers do not', () => {
    const result = simulate({
      ...RUN,
      duration: 200,
      resources: [
        { name: 'server', units: 1 },
        { name: 'workers', units: 2 },
      ],
      route: [...serve('server', exponential(0.005)), { do: 'answer' }, ...serve('workers', exponential(0.04))],
      arrivals: { ratePerSecond: 100 },
    })
    expect(result.throughput.mean).toBeGreaterThan(95)
    expect(result.completed).toBeCloseTo(50, -1)
    expect(result.percentiles.p99).toBeLessThan(0.1)
    expect(result.resources[1]?.waiting).toBeGreaterThan(1_000)
  })
})

it('the same seed gives the same result', () => {
  const once = (seed: number) =>
    simulate({
      seed,
      warmUp: 1,
      duration: 20,
      resources: [{ name: 'server', units: 1 }],
      route: serve('server', exponential(0.01)),
      arrivals: { ratePerSecond: 50 },
    })
  expect(once(1)).toEqual(once(1))
  expect(once(1).answers).not.toBe(once(2).answers)
})

it('draws have the mean and the deviation that they are asked for', () => {
  const random = createRandom(9)
  const of = (draw: (random: () => number) => number) => {
    const values = Array.from({ length: 100_000 }, () => draw(random))
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    return { mean, variation: Math.sqrt(variance) / mean }
  }
  expect(of(exponential(3)).mean).toBeCloseTo(3, 1)
  expect(of(exponential(3)).variation).toBeCloseTo(1, 1)
  expect(of(lognormal(3, 0.5)).mean).toBeCloseTo(3, 1)
  expect(of(lognormal(3, 0.5)).variation).toBeCloseTo(0.5, 1)
  expect(of(empirical([1, 2, 6])).mean).toBeCloseTo(3, 1)
  expect(() => empirical([])).toThrow('at least one time')
  expect(() => empirical([1, -2])).toThrow('must not be negative: -2')
})

it('says so when whoever is refused comes again at once', () => {
  const endless = {
    seed: 1,
    warmUp: 0,
    duration: 1,
    resources: [{ name: 'server', units: 1, maxWaiting: 0 }],
    route: serve('server', constant(0.1)),
    arrivals: { customers: 2, think: constant(0) },
  }
  expect(() => simulate(endless)).toThrow(/time stands still at 0 s: whoever is refused comes again at once/)
})

describe('refuses', () => {
  const base = { seed: 1, warmUp: 0, duration: 1, arrivals: { ratePerSecond: 1 }, resources: [{ name: 'a', units: 1 }] }
  const spend = { do: 'spend', time: constant(1) } as const

  it.each([
    [{ ...base, route: serve('b', constant(1)) }, /no resource "b"/],
    [{ ...base, route: hold('a', serve('a', constant(1))) }, /"a" is taken twice/],
    [{ ...base, route: [{ do: 'give back', resource: 'a' } as const] }, /given back, but not taken/],
    [{ ...base, route: [{ do: 'answer' } as const, { do: 'answer' } as const] }, /answered once/],
    [{ ...base, route: [spend], resources: [{ name: 'a', units: 0 }] }, /at least one unit, not 0/],
    [{ ...base, route: [spend], arrivals: { ratePerSecond: 0 } }, /somebody must come: 0/],
    [{ ...base, route: [spend], duration: 0 }, /warm-up and duration: 0, 0/],
  ])('%#', (simulation, message) => {
    expect(() => simulate(simulation)).toThrow(message)
  })
})
