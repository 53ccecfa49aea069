import { describe, expect, it } from 'vitest'
import { holm } from './holm.ts'

describe('holm', () => {
  // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") = 0.03 0.06 0.06 0.02
  it('keeps those whose adjusted p is within the level, in their places', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005], 0.05)).toEqual([true, false, false, true])
    expect(holm([0.01, 0.04, 0.03, 0.005], 0.06)).toEqual([true, true, true, true])
  })

  it('does not count what could not be compared', () => {
    expect(holm([null, 0.04], 0.05)).toEqual([false, true])
    expect(holm([], 0.05)).toEqual([])
  })
})
