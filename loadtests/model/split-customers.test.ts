import { expect, it } from 'vitest'
import { splitCustomers } from './split-customers.ts'

const sizes = (customers: number, homes: number) => {
  const split = splitCustomers(customers, homes)
  return Array.from({ length: homes }, (_, home) => split.filter((each) => each === home).length)
}

it('gives every customer a home, some homes more than others', () => {
  expect(sizes(12, 1)).toEqual([12])
  expect(sizes(12, 2)).toEqual([5, 7])
  expect(sizes(16, 2)).toEqual([6, 10])
  for (const [customers, homes] of [
    [1, 4],
    [3, 2],
    [50, 4],
    [1_000, 16],
  ] as const) {
    const split = sizes(customers, homes)
    expect(split.reduce((sum, size) => sum + size)).toBe(customers)
    expect(split.at(-1)).toBeGreaterThanOrEqual(split[0] ?? 0)
    expect(splitCustomers(customers, homes).every((home) => home >= 0 && home < homes)).toBe(true)
  }
})

it('is about as uneven as drawing lots: with n customers and two homes, 0.4 √n from the middle', () => {
  const [fewer = 0, more = 0] = sizes(10_000, 2)
  expect((more - fewer) / 2 / Math.sqrt(10_000)).toBeCloseTo(0.4, 1)
})
