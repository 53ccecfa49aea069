import { describe, expect, it } from 'vitest'
import { linearTicks, logShare, logTicks } from './scale.ts'

describe('linearTicks', () => {
  it('takes round steps up to at least the greatest value', () => {
    expect(linearTicks(3738)).toEqual([0, 1000, 2000, 3000, 4000])
    expect(linearTicks(1)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
    expect(linearTicks(0)).toEqual([0, 1])
  })
})

describe('logTicks', () => {
  it('encloses the values with 1, 2 and 5 times powers of ten', () => {
    expect(logTicks(3, 700)).toEqual([2, 5, 10, 20, 50, 100, 200, 500, 1000])
    expect(logTicks(10, 10)).toEqual([10])
  })
})

describe('logShare', () => {
  it('is half way at the geometric mean', () => {
    expect(logShare(10, 1, 100)).toBeCloseTo(0.5)
  })
})
