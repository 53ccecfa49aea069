import { describe, expect, test } from 'vitest'
import { judgeClaim } from './judge-claim.ts'
import type { QueryResult } from './measure-queries.ts'

function query(withMs: number, withoutMs: number): QueryResult {
  const side = (median_ms: number) => ({ median_ms, rows_read: 1, buffers: 1 })
  return { name: 'q', statement: 'q', indexes: ['i'], with_index: side(withMs), without_index: side(withoutMs) }
}

describe('the claim "100 ms → 10 ms"', () => {
  test.each([
    ['holds', [query(9.9, 100), query(1, 500)], 2],
    ['holds in part', [query(1, 100), query(10, 500), query(1, 99.9)], 1],
    ['does not hold', [query(1, 50), query(20, 500)], 0],
  ])('%s', (answer, queries, claimed) => {
    const verdict = judgeClaim(10_000, queries)
    expect(verdict.as_claimed).toBe(claimed)
    expect(verdict.sentence).toContain(`At 10,000 rows "100 ms → 10 ms" ${answer}: ${claimed} of ${queries.length}`)
  })
})
