import { describe, expect, it } from 'vitest'
import { bootstrapMedian, median, rangeCoverage, resampledMedians } from './bootstrap.ts'

/** Survival days of the treated mice, Efron and Tibshirani (1993), table 2.1. */
const MICE = [94, 197, 16, 38, 99, 141, 23]

describe('median', () => {
  it('takes the middle value, or the mean of the two middle ones', () => {
    expect(median(MICE)).toBe(94)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })
})

describe('rangeCoverage', () => {
  it.each([
    [1, 0],
    [3, 0.75],
    [5, 0.9375],
    [6, 0.96875],
  ])('of %d values', (values, share) => expect(rangeCoverage(values)).toBe(share))
})

describe('bootstrapMedian', () => {
  it("reproduces the book's standard error of the mice's median: 37.83 with endless resamples (table 2.2)", () => {
    const medians = resampledMedians(MICE, 20_000)
    const mean = medians.reduce((total, value) => total + value, 0) / medians.length
    const variance = medians.reduce((total, value) => total + (value - mean) ** 2, 0) / (medians.length - 1)
    expect(Math.sqrt(variance)).toBeGreaterThan(37.83 - 0.8)
    expect(Math.sqrt(variance)).toBeLessThan(37.83 + 0.8)
  })

  // With n = 7 the resampled median is the least value with P(Bin(7, 1/7) ≥ 4) = 1.0 %, at most the second least with
  // P(Bin(7, 2/7) ≥ 4) = 10.4 %: so the 2.5 % bound is the second least value, and by symmetry the second greatest.
  it('meets the exact distribution of the resampled median for seven values', () => {
    expect(bootstrapMedian(MICE)).toEqual({ median: 94, low: 23, high: 141 })
  })

  // With n = 5 the least value has P(Bin(5, 1/5) ≥ 3) = 5.8 %, which is more than 2.5 %.
  it('spans the whole range for five values', () => {
    expect(bootstrapMedian([5, 3, 1, 4, 2])).toEqual({ median: 3, low: 1, high: 5 })
  })

  it('has no width for one round and is absent for none', () => {
    expect(bootstrapMedian([42])).toEqual({ median: 42, low: 42, high: 42 })
    expect(bootstrapMedian([])).toBeNull()
  })

  it('gives the same interval each time', () => {
    const values = Array.from({ length: 12 }, (_, index) => Math.sin(index))
    expect(bootstrapMedian(values)).toEqual(bootstrapMedian(values))
  })
})
