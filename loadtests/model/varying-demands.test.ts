import { expect, it } from 'vitest'
import { solveClosedNetwork } from './closed-network.ts'
import { measuredUpTo, serviceTimeAt, solveVaryingNetwork, type VaryingNetwork } from './varying-demands.ts'

const MEASURED = [
  { customers: 100, serviceTime: 0.02 },
  { customers: 1, serviceTime: 0.04 },
  { customers: 50, serviceTime: 0.03 },
]

it('is straight between measured loads and keeps the nearest one outside', () => {
  expect(serviceTimeAt(MEASURED, 1)).toBe(0.04)
  expect(serviceTimeAt(MEASURED, 75)).toBeCloseTo(0.025, 12)
  expect(serviceTimeAt(MEASURED, 400)).toBe(0.02)
  expect(serviceTimeAt(0.5, 400)).toBe(0.5)
  expect(() => serviceTimeAt([], 1)).toThrow('needs a measured one')
})

it('at each load it is the exact solution with the demands of that load', () => {
  const station = { name: 'app', visits: 1, servers: 2 as const }
  const network = (customers: number): VaryingNetwork => ({
    customers,
    thinkTime: 1,
    stations: [{ ...station, serviceTime: MEASURED }],
  })
  const exact = (customers: number, serviceTime: number) =>
    solveClosedNetwork({ customers, thinkTime: 1, stations: [{ ...station, serviceTime }] }).throughput
  expect(solveVaryingNetwork(network(75)).throughput).toBe(exact(75, serviceTimeAt(MEASURED, 75)))
  // What grows cheaper under load carries more than its first demand says: 2/0.02, not 2/0.04.
  expect(solveVaryingNetwork(network(300)).throughput).toBeCloseTo(100, 3)
  expect(measuredUpTo(network(300))).toBe(100)
  expect(measuredUpTo({ ...network(1), stations: [{ ...station, serviceTime: 1 }] })).toBeNull()
})
