import { describe, expect, it } from 'vitest'
import { createRandom } from '../analysis/random.ts'
import { boundsOf } from './bounds.ts'
import { type ClosedNetwork, type Station, solveClosedNetwork } from './closed-network.ts'

const single = (name: string, serviceTime: number, visits = 1): Station => ({ name, serviceTime, visits, servers: 1 })

const JAIN: ClosedNetwork = {
  customers: 20,
  thinkTime: 4,
  stations: [single('cpu', 0.125, 16), single('disk a', 0.3, 10), single('disk b', 0.2, 5)],
}

it('Jain, example 33.5 ff.: D = 6, Z = 4, Dmax = 3: at most 1/3 per second, R ≥ 3N − 4, saturation at 10/3', () => {
  const bounds = boundsOf(JAIN)
  expect(bounds.throughput.high).toBeCloseTo(1 / 3, 12)
  expect(bounds.responseTime.low).toBeCloseTo(3 * 20 - 4, 9)
  expect(bounds.saturation).toBeCloseTo(10 / 3, 12)
  expect(bounds.bottleneck).toBe('disk a')
  expect(boundsOf({ ...JAIN, customers: 1 }).throughput.high).toBeCloseTo(0.1, 12)
})

describe('the exact solution lies within both kinds of bounds', () => {
  it('of networks of single servers and delays, drawn at random', () => {
    const random = createRandom(11)
    for (let study = 0; study < 200; study++) {
      const stations = Array.from({ length: 1 + Math.floor(4 * random()) }, (_, index) => single(`${index}`, random()))
      const network: ClosedNetwork = {
        customers: 1 + Math.floor(30 * random()),
        thinkTime: 3 * random(),
        stations: [...stations, { name: 'away', serviceTime: random(), visits: 1, servers: 'delay' }],
      }
      const { throughput } = solveClosedNetwork(network)
      const { throughput: asymptotic, balanced } = boundsOf(network)
      expect(balanced).not.toBeNull()
      const tight = balanced?.throughput ?? { low: Number.NaN, high: Number.NaN }
      const rounding = 1 + 1e-9
      expect(throughput).toBeGreaterThanOrEqual(tight.low / rounding)
      expect(throughput).toBeLessThanOrEqual(tight.high * rounding)
      expect(tight.low).toBeGreaterThanOrEqual(asymptotic.low / rounding)
      expect(tight.high).toBeLessThanOrEqual(asymptotic.high * rounding)
    }
  })

  it('of several servers and of rates: asymptotic ones only', () => {
    const stations: Station[] = [
      { name: 'app', serviceTime: 0.1, visits: 1, servers: 3 },
      { name: 'lock', serviceTime: 0.04, visits: 1, servers: 1, rates: [1, 0.9, 0.6] },
    ]
    for (let customers = 1; customers <= 40; customers++) {
      const network = { customers, thinkTime: 0.2, stations }
      const { throughput, balanced, bottleneck } = boundsOf(network)
      expect(balanced).toBeNull()
      expect(bottleneck).toBe('lock')
      const solved = solveClosedNetwork(network).throughput
      expect(solved).toBeGreaterThanOrEqual(throughput.low * (1 - 1e-9))
      expect(solved).toBeLessThanOrEqual(throughput.high * (1 + 1e-9))
    }
  })
})

it('where nobody waits there is no bottleneck', () => {
  const bounds = boundsOf({
    customers: 5,
    thinkTime: 1,
    stations: [{ name: 'away', serviceTime: 1, visits: 1, servers: 'delay' }],
  })
  expect(bounds).toMatchObject({ bottleneck: null, saturation: null, balanced: null })
  expect(bounds.throughput).toEqual({ low: 2.5, high: 2.5 })
})
