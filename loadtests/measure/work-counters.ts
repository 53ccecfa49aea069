import { type Metrics, scrape } from './prometheus-text.ts'

/** Counters of the system's own clients to its stores; each carries the label `cause`. */
const COUNTERS = {
  redis_commands: 'redis_commands_total',
  redis_round_trips: 'redis_round_trips_total',
  sql_statements: 'sql_statements_total',
} as const

/** Operations by what caused them, over all processes. */
export type WorkCounters = Record<keyof typeof COUNTERS, Record<string, number>>

/** Reads the counters of these processes. Rejects when one of them does not answer: a part would be taken for all. */
export async function readWorkCounters(metricsUrls: readonly string[], signal: AbortSignal): Promise<WorkCounters> {
  const all = await Promise.all(metricsUrls.map((url) => scrape(url, signal)))
  return {
    redis_commands: sumByCause(all, COUNTERS.redis_commands),
    redis_round_trips: sumByCause(all, COUNTERS.redis_round_trips),
    sql_statements: sumByCause(all, COUNTERS.sql_statements),
  }
}

function sumByCause(all: readonly Metrics[], name: string): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { labels, value } of all.flatMap((metrics) => metrics.get(name) ?? [])) {
    const cause = labels['cause'] ?? ''
    sums[cause] = (sums[cause] ?? 0) + value
  }
  return sums
}

/** What was counted between two readings; null when a counter ran backwards, because a process was replaced. */
export function subtractCounters(after: WorkCounters, before: WorkCounters): WorkCounters | null {
  const entries = Object.keys(COUNTERS).map((key) => {
    const counter = key as keyof WorkCounters
    const causes = new Set([...Object.keys(after[counter]), ...Object.keys(before[counter])])
    const growth = [...causes].map(
      (cause) => [cause, (after[counter][cause] ?? 0) - (before[counter][cause] ?? 0)] as const,
    )
    return [counter, Object.fromEntries(growth)] as const
  })
  const isWhole = entries.every(([, causes]) => Object.values(causes).every((growth) => growth >= 0))
  return isWhole ? (Object.fromEntries(entries) as WorkCounters) : null
}
