import { describe, expect, it } from 'vitest'
import { compareCounted } from './compare-counted.ts'

describe('compareCounted', () => {
  it('sees one more operation in each request, and one less', () => {
    expect(compareCounted(2, 1).verdict).toBe('more')
    expect(compareCounted(1, 2).verdict).toBe('fewer')
  })

  it('sees one more operation in every twentieth request', () => {
    expect(compareCounted(1.05, 1).verdict).toBe('more')
  })

  it('does not take what polling left over for work', () => {
    expect(compareCounted(1.0004, 1).verdict).toBe('the same')
    expect(compareCounted(1.06, 1, 0.05)).toEqual({ verdict: 'the same', first: 1.06, second: 1, tolerance: 0.07 })
    expect(compareCounted(1.08, 1, 0.05).verdict).toBe('more')
  })
})
