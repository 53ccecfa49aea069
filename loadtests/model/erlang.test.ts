import { describe, expect, it } from 'vitest'
import { erlangB, erlangC, leastServers, solveErlang, waitQuantile } from './erlang.ts'

describe('known values', () => {
  it('M/M/1: ρ = 0.8 waits in 80 % of cases, 3.2 in line, 1/(μ − λ)', () => {
    const { waitProbability, queueLength, responseTime, utilisation } = solveErlang({
      arrivalRate: 8,
      serviceRate: 10,
      servers: 1,
    })
    expect(waitProbability).toBeCloseTo(0.8, 12)
    expect(queueLength).toBeCloseTo(3.2, 12)
    expect(responseTime).toBeCloseTo(0.5, 12)
    expect(utilisation).toBeCloseTo(0.8, 12)
  })

  it('M/M/2: C = 2ρ²/(1 + ρ), one third at ρ = 1/2', () => {
    expect(erlangC(1, 2)).toBeCloseTo(1 / 3, 12)
    expect(erlangC(1.6, 2)).toBeCloseTo((2 * 0.8 ** 2) / 1.8, 12)
  })

  it('Erlang B by its definition, (aᶜ/c!) over the sum of such terms', () => {
    const terms = Array.from({ length: 13 }, (_, k) => Array.from({ length: k }, (_, j) => 9 / (j + 1)))
    const values = terms.map((factors) => factors.reduce((product, factor) => product * factor, 1))
    const expected = (values[12] ?? 0) / values.reduce((sum, value) => sum + value, 0)
    expect(erlangB(9, 12)).toBeCloseTo(expected, 12)
  })

  it('Halfin and Whitt (1981): c = a + β√a waits in 1/(1 + βΦ(β)/φ(β)) of cases, the nearer the larger', () => {
    // β = 1: Φ = 0.841345, φ = 0.241971.
    const limit = 1 / (1 + 0.8413447 / 0.2419707)
    expect(erlangC(10_000, 10_100)).toBeCloseTo(limit, 2)
    expect(Math.abs(erlangC(1_000_000, 1_001_000) - limit)).toBeLessThan(Math.abs(erlangC(10_000, 10_100) - limit))
  })
})

it('what a share of arrivals waits at most', () => {
  const input = { arrivalRate: 8, serviceRate: 10, servers: 1 }
  expect(waitQuantile(input, 0.2)).toBeCloseTo(0, 12)
  expect(waitQuantile(input, 0.95)).toBeCloseTo(Math.log(0.8 / 0.05) / 2, 12)
  expect(waitQuantile(input, 0)).toBe(0)
})

it('an overload is refused with the number of servers that it needs', () => {
  expect(() => solveErlang({ arrivalRate: 125, serviceRate: 10, servers: 12 })).toThrow(
    /at least 13 servers are needed/,
  )
  expect(() => solveErlang({ arrivalRate: 120, serviceRate: 10, servers: 12 })).toThrow(
    /at least 13 servers are needed/,
  )
  expect(leastServers(12)).toBe(13)
  // 0.3 / 0.1 is 2.9999999999999996.
  expect(() => solveErlang({ arrivalRate: 0.3, serviceRate: 0.1, servers: 3 })).toThrow(/at least 4 servers are needed/)
})

it.each([
  [{ arrivalRate: -1, serviceRate: 1, servers: 1 }, /arrival rate must be above 0, not -1/],
  [{ arrivalRate: 1, serviceRate: 0, servers: 1 }, /service rate must be above 0, not 0/],
  [{ arrivalRate: 1, serviceRate: 2, servers: 1.5 }, /servers must be a whole number from 1 on, not 1.5/],
])('refuses %j', (input, message) => {
  expect(() => solveErlang(input)).toThrow(message)
})
