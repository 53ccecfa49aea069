import { expect, test } from 'vitest'
import { parseStat, stealBetween, sumCpuMs } from './proc.ts'

test('reads parent and times behind a name with spaces and parentheses', () => {
  const stat = '4711 (a (strange) name) S 17 4711 4711 0 -1 4194304 1 2 3 4 120 30 40 10 20 0 1 0 12345 1 1 1'
  expect(parseStat(stat)).toEqual({ parent: 17, cpuMs: 2_000 })
})

test('adds up descendants, each once', () => {
  const table = new Map([
    [1, { parent: 0, cpuMs: 1 }],
    [10, { parent: 1, cpuMs: 100 }],
    [11, { parent: 10, cpuMs: 20 }],
    [12, { parent: 11, cpuMs: 3 }],
    [20, { parent: 1, cpuMs: 5_000 }],
  ])
  expect(sumCpuMs(table, [10])).toBe(123)
  expect(sumCpuMs(table, [10, 12])).toBe(123)
  expect(sumCpuMs(table, [99])).toBe(0)
})

test('steal is a share of the time that passed', () => {
  expect(stealBetween({ steal: 10, total: 1_000 }, { steal: 30, total: 1_200 })).toBe(0.1)
  expect(stealBetween(null, { steal: 30, total: 1_200 })).toBeNull()
  expect(stealBetween({ steal: 10, total: 1_000 }, { steal: 10, total: 1_000 })).toBeNull()
})
