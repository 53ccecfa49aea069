import { expect, it } from 'vitest'
import { solveClosedNetwork } from './closed-network.ts'
import { checkOperationalLaws, type Observation } from './operational-laws.ts'

/** What perfect instruments would have shown. */
function observe(customers: number): Observation {
  const stations = [
    { name: 'server', serviceTime: 0.01, visits: 1, servers: 2 },
    { name: 'postgres', serviceTime: 0.004, visits: 1, servers: 1 },
  ]
  const solved = solveClosedNetwork({ customers, thinkTime: 0.1, stations })
  return {
    throughput: solved.throughput,
    responseTime: solved.responseTime,
    customers,
    thinkTime: 0.1,
    stations: stations.map(({ name, serviceTime, servers }, index) => ({
      name,
      demand: serviceTime,
      servers,
      utilisation: solved.stations[index]?.utilisation ?? null,
    })),
  }
}

it.each([1, 10, 30, 200])('instruments that work break no law, with %i customers', (customers) => {
  expect(checkOperationalLaws(observe(customers))).toEqual([])
})

const laws = (observation: Observation) => checkOperationalLaws(observation).map(({ law }) => law)

it('a clock that is half as fast, or half the connections, breaks L = X W', () => {
  const right = observe(30)
  expect(laws({ ...right, responseTime: right.responseTime / 10 })).toEqual(['L = X W'])
  expect(checkOperationalLaws({ ...right, customers: 60 })[0]?.told).toMatch(/the load generator: .* but there were 60/)
})

it('a meter that shows another utilisation breaks U = X D, and is named', () => {
  const right = observe(30)
  const stations = right.stations.map((station) =>
    station.name === 'postgres' ? { ...station, utilisation: (station.utilisation ?? 0) * 0.8 } : station,
  )
  const [violation, ...others] = checkOperationalLaws({ ...right, stations })
  expect(others).toEqual([])
  expect(violation).toMatchObject({ law: 'U = X D', told: expect.stringContaining('the meter of postgres') })
})

it('a demand in other units breaks the bounds', () => {
  const right = observe(30)
  const stations = right.stations.map((station) => ({ ...station, demand: station.demand * 1000, utilisation: null }))
  expect(laws({ ...right, stations })).toEqual(['X <= 1/Dmax', 'X <= 1/Dmax', 'X <= N/(D + Z)'])
})

it('an open load has no customers to be held against', () => {
  expect(laws({ ...observe(30), customers: null, responseTime: 9 })).toEqual([])
})
