import { isTracing } from '../../tracing/tracing.ts'
import type { Connection, Statement } from '../database.ts'

const takeStatement = (name: string, columns: string): Statement => ({
  name,
  text: `
SELECT ${columns} FROM outbox WHERE status = 'pending'
ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
})
const TAKE_PENDING = takeStatement('take-outbox', 'redemption_id AS id, kind')
const TAKE_TRACED = takeStatement('take-outbox-traced', 'redemption_id AS id, kind, traceparent')

/**
 * Never waits: a redemption that is locked is being seated or refunded already, and a refund waits for the outbox row
 * that this transaction holds.
 */
const MARK_RELAYED: Statement = {
  name: 'mark-relayed',
  text: `
WITH done AS (
  UPDATE outbox SET status = 'done' WHERE redemption_id = ANY($1::uuid[])
), locked AS (
  SELECT id FROM redemptions WHERE id = ANY($1::uuid[]) AND status = 'reserved' FOR UPDATE SKIP LOCKED
)
UPDATE redemptions r SET status = 'enqueued', updated_at = now() FROM locked WHERE r.id = locked.id`,
}

/** A redemption's invite, or the mail about a move, under the id of either. */
export interface OutboxRow {
  readonly id: string
  readonly kind: 'invite' | 'rebind'
  /** Of the request that is behind it, when its trace is kept and this process traces as well. */
  readonly traceparent?: string | null
}

/** Locks up to `limit` waiting outbox rows for this transaction; another relay skips them. */
export function takePending(connection: Connection, limit: number): Promise<OutboxRow[]> {
  return connection.query<OutboxRow>(isTracing() ? TAKE_TRACED : TAKE_PENDING, [limit])
}

/** Call it after the queue has the jobs, in the transaction that took the rows. */
export async function markRelayed(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.query(MARK_RELAYED, [ids])
}

export const COUNT_PENDING: Statement = {
  name: 'count-outbox',
  text: `
SELECT count(*)::int AS pending, extract(epoch FROM now() - min(created_at))::float8 AS "oldestSeconds"
FROM outbox WHERE status = 'pending'`,
}

export interface PendingOutbox {
  readonly pending: number
  /** How long the first of them waits; null when none does. */
  readonly oldestSeconds: number | null
}

export async function countPending(connection: Connection): Promise<PendingOutbox> {
  const [row] = await connection.query<PendingOutbox>(COUNT_PENDING, [])
  return row ?? { pending: 0, oldestSeconds: null }
}
