import type { Connection, Statement } from '../database.ts'

const TAKE_PENDING: Statement = {
  name: 'take-outbox',
  text: `
SELECT redemption_id AS id, kind FROM outbox WHERE status = 'pending'
ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
}

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
}

/** Locks up to `limit` waiting outbox rows for this transaction; another relay skips them. */
export function takePending(connection: Connection, limit: number): Promise<OutboxRow[]> {
  return connection.query<OutboxRow>(TAKE_PENDING, [limit])
}

/** Call it after the queue has the jobs, in the transaction that took the rows. */
export async function markRelayed(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.query(MARK_RELAYED, [ids])
}

const COUNT_PENDING: Statement = {
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
