import type { Connection, Statement } from '../database.ts'

/**
 * Unfinished rows that nothing has touched for a while (2 s for a refund); a live claim is left alone. What the sweeper
 * itself must end comes first, or a long queue would hide it.
 */
const LIST_QUIET: Statement = {
  name: 'list-quiet',
  text: `
SELECT id, status, deadline_at < now() AS overdue FROM redemptions
WHERE unfinished
  AND updated_at < now() - make_interval(secs => CASE status WHEN 'refunding' THEN least($1, 2) ELSE $1 END)
  AND (status <> 'sending' OR claimed_until < now())
ORDER BY (status = 'refunding' OR deadline_at < now()) DESC, updated_at LIMIT $2`,
}

const REQUEUE: Statement = {
  name: 'requeue',
  text: `
INSERT INTO outbox (redemption_id)
SELECT id FROM redemptions WHERE id = ANY($1::uuid[]) AND unfinished AND status <> 'refunding' ORDER BY id
ON CONFLICT (redemption_id) DO UPDATE SET status = 'pending', created_at = now()`,
}

const MARK_SEEN: Statement = {
  name: 'mark-seen',
  text: `
WITH seen AS (
  SELECT id FROM redemptions WHERE id = ANY($1::uuid[]) AND unfinished FOR UPDATE SKIP LOCKED
)
UPDATE redemptions r SET updated_at = now() FROM seen WHERE r.id = seen.id`,
}

/** Past its deadline and perhaps out: counts as sent, flagged, because a use must not come back while its mail may be. */
const COUNT_AS_SENT: Statement = {
  name: 'count-as-sent',
  text: `
WITH done AS (
  UPDATE redemptions SET status = 'sent', sent_at = now(), updated_at = now(), outcome_unknown = true
  WHERE id = $1 AND deadline_at < now()
    AND (status = 'sending' AND claimed_until < now() OR status = 'seated' AND outcome_unknown)
  RETURNING id, team_id, email
)
INSERT INTO invite_records (redemption_id, team_id, email, status) SELECT id, team_id, email, 'sent' FROM done`,
}

export interface QuietRedemption {
  readonly id: string
  readonly status: 'reserved' | 'enqueued' | 'seated' | 'sending' | 'refunding'
  readonly overdue: boolean
}

export function listQuiet(connection: Connection, quietSeconds: number, limit: number): Promise<QuietRedemption[]> {
  return connection.query<QuietRedemption>(LIST_QUIET, [quietSeconds, limit])
}

/** Puts redemptions back into the outbox; the relay adds their jobs. */
export async function requeue(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.query(REQUEUE, [ids])
}

/** They count as touched just now, so that the next look is at others. */
export async function markSeen(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.query(MARK_SEEN, [ids])
}

export async function countAsSent(connection: Connection, id: string): Promise<void> {
  await connection.query(COUNT_AS_SENT, [id])
}
