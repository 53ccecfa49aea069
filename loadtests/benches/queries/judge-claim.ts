import type { QueryResult } from './measure-queries.ts'

/** The claim: a query that took 100 ms and more by reading everything takes less than 10 ms by index. */
const BEFORE_MS = 100
const AFTER_MS = 10

export interface Verdict {
  readonly queries: number
  /** How many take 100 ms or more without their index, and less than 10 ms with it. */
  readonly as_claimed: number
  readonly below_10_ms_by_index: number
  readonly sentence: string
}

export function judgeClaim(rows: number, results: readonly QueryResult[]): Verdict {
  const isFast = ({ with_index }: QueryResult) => with_index.median_ms < AFTER_MS
  const isSlow = ({ without_index }: QueryResult) => without_index.median_ms >= BEFORE_MS
  const [fast, slow] = [results.filter(isFast).length, results.filter(isSlow).length]
  const claimed = results.filter((result) => isFast(result) && isSlow(result)).length
  const answer = claimed === results.length ? 'holds' : claimed === 0 ? 'does not hold' : 'holds in part'
  return {
    queries: results.length,
    as_claimed: claimed,
    below_10_ms_by_index: fast,
    sentence:
      `At ${rows.toLocaleString('en')} rows "100 ms → 10 ms" ${answer}: ${claimed} of ${results.length} queries do so; ` +
      `${fast} take less than ${AFTER_MS} ms by index, ${slow} take ${BEFORE_MS} ms or more without it.`,
  }
}
