import { type Metrics, sumOf } from '../../measure/prometheus-text.ts'
import type { Operation } from './time-operations.ts'

/** Metrics that a request writes, by what it does to them; each write adds one to the series named here. */
const WRITES: Record<Operation, readonly string[]> = {
  count: ['redeem_requests_total', 'redis_commands_total', 'redis_round_trips_total', 'sql_statements_total'],
  time: [
    'redeem_request_duration_seconds_count',
    'limiter_wait_seconds_count',
    'db_pool_wait_seconds_count',
    'db_pool_hold_seconds_count',
    'db_query_duration_seconds_count',
  ],
  'time an answer of Redis': ['redis_command_duration_seconds_count'],
}

/** How often each operation was done between two scrapes of a server. */
export function countOperations(before: Metrics, after: Metrics): Record<Operation, number> {
  const growth = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + (sumOf(after, name) ?? 0) - (sumOf(before, name) ?? 0), 0)
  const entries = Object.entries(WRITES).map(([operation, names]) => [operation, growth(names)])
  return Object.fromEntries(entries) as Record<Operation, number>
}
