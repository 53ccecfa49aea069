import type { Connection, Statement } from '../db/database.ts'

const REDEMPTIONS: Statement = {
  name: 'count-redemptions',
  text: 'SELECT status, count(*)::int AS count FROM redemptions GROUP BY status',
}
/** Those that run out of seats first. */
const GROUPS_SHOWN = 100
const SEATS: Statement = {
  name: 'count-seats',
  text: `
SELECT g.id AS group_id, g.name, coalesce(sum(t.seats_taken), 0)::int AS taken,
       coalesce(sum(t.max_seats - t.seats_taken), 0)::int AS available
FROM groups g LEFT JOIN teams t ON t.group_id = g.id
GROUP BY g.id ORDER BY available, g.id LIMIT $1`,
}
const CODES: Statement = {
  name: 'count-codes',
  text: `
SELECT kind, count(*) FILTER (WHERE is_active)::int AS active, count(*) FILTER (WHERE NOT is_active)::int AS inactive
FROM redeem_codes GROUP BY kind`,
}
const WAITING: Statement = {
  name: 'count-waiting',
  text: `
SELECT count(*)::int AS pending, extract(epoch FROM now() - min(created_at))::float8 AS oldest_waiting_seconds,
       (SELECT count(*)::int FROM bucket_outbox) AS bucket_changes_pending
FROM outbox WHERE status = 'pending'`,
}

export interface Statistics {
  readonly as_of: Date
  /** By status; what does not occur is missing. */
  readonly redemptions: Record<string, number>
  readonly seats: readonly { group_id: number; name: string; taken: number; available: number }[]
  readonly codes: Record<string, { active: number; inactive: number }>
  readonly outbox: { pending: number; oldest_waiting_seconds: number | null; bucket_changes_pending: number }
}

/** The ledger is counted by reading all of it: many who ask get one answer, no older than this. */
const MAX_AGE_MS = 5_000

/** Counts what there is, one statement after the other. @param reads may be a replica's */
export function createStatistics(reads: Connection, maxAgeMs = MAX_AGE_MS): () => Promise<Statistics> {
  let last: { at: number; counting: Promise<Statistics> } | undefined
  return () => {
    if (last !== undefined && performance.now() - last.at < maxAgeMs) return last.counting
    const counting = count(reads)
    const current = { at: performance.now(), counting }
    last = current
    counting.catch(() => {
      if (last === current) last = undefined
    })
    return counting
  }
}

async function count(connection: Connection): Promise<Statistics> {
  const redemptions = await connection.query<{ status: string; count: number }>(REDEMPTIONS, [])
  const seats = await connection.query<Statistics['seats'][number]>(SEATS, [GROUPS_SHOWN])
  const codes = await connection.query<{ kind: string; active: number; inactive: number }>(CODES, [])
  const [outbox] = await connection.query<Statistics['outbox']>(WAITING, [])
  return {
    as_of: new Date(),
    redemptions: Object.fromEntries(redemptions.map(({ status, count }) => [status, count])),
    seats,
    codes: Object.fromEntries(codes.map(({ kind, ...counts }) => [kind, counts])),
    outbox: outbox ?? { pending: 0, oldest_waiting_seconds: null, bucket_changes_pending: 0 },
  }
}
