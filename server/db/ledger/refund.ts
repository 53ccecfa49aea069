import type { Connection, Statement } from '../database.ts'

export type RefundReason = 'no_seat' | 'mail_rejected' | 'deadline_passed'

export interface Refund {
  readonly id: string
  readonly code: string
  readonly email: string
}

export interface BegunRefund extends Refund {
  /** Whose seat came free; null when there was none. */
  readonly freedGroupId: number | null
}

/**
 * First half of a refund: seat freed, use given back in Postgres, a personal code bound to nobody again. A row whose mail may be out is never touched: neither
 * one in `sending`, not even with a dead claim, nor one with an earlier try of unknown outcome. It can only end as sent.
 */
const BEGIN_REFUND: Statement = {
  name: 'begin-refund',
  text: `
WITH refunded AS (
  UPDATE redemptions SET status = 'refunding', refund_reason = $2, updated_at = now()
  WHERE id = $1 AND status IN ('reserved', 'enqueued', 'seated') AND NOT outcome_unknown
  RETURNING id, code, email
), freed AS (
  DELETE FROM team_members m USING refunded r WHERE m.redemption_id = r.id RETURNING m.team_id
), seats AS (
  UPDATE teams t SET seats_taken = t.seats_taken - 1 FROM freed WHERE t.id = freed.team_id
  RETURNING t.group_id
), unqueued AS (
  UPDATE outbox o SET status = 'done' FROM refunded r WHERE o.redemption_id = r.id
), uses AS (
  UPDATE redeem_codes c SET used_count = c.used_count - 1,
    bound_email = CASE WHEN c.used_count > 1 THEN c.bound_email END,
    activated_at = CASE WHEN c.used_count > 1 THEN c.activated_at END
  FROM refunded r WHERE c.code = r.code
)
SELECT id, code, email, (SELECT group_id FROM seats) AS "freedGroupId" FROM refunded`,
}

const FIND_UNDER_WAY: Statement = {
  name: 'find-refund-under-way',
  text: `SELECT id, code, email FROM redemptions WHERE id = $1 AND status = 'refunding'`,
}

/** Second half, after the bucket has its use back. */
const FINISH_REFUND: Statement = {
  name: 'finish-refund',
  text: `
WITH done AS (
  UPDATE redemptions SET status = 'refunded', refunded_at = now(), updated_at = now()
  WHERE id = $1 AND status = 'refunding'
  RETURNING id, team_id, email, refund_reason
)
INSERT INTO invite_records (redemption_id, team_id, email, status)
SELECT id, team_id, email, 'refunded' FROM done RETURNING (SELECT refund_reason FROM done)`,
}

/** @returns the refund to finish, or undefined when this redemption cannot be refunded (any more) */
export async function beginRefund(
  connection: Connection,
  id: string,
  reason: RefundReason,
): Promise<BegunRefund | undefined> {
  const [refund] = await connection.query<BegunRefund>(BEGIN_REFUND, [id, reason])
  return refund
}

export async function findRefundUnderWay(connection: Connection, id: string): Promise<Refund | undefined> {
  const [refund] = await connection.query<Refund>(FIND_UNDER_WAY, [id])
  return refund
}

/** @returns the reason of the refund that this call finished, undefined when it was finished before */
export async function finishRefund(connection: Connection, id: string): Promise<string | undefined> {
  const [row] = await connection.query<{ refund_reason: string }>(FINISH_REFUND, [id])
  return row?.refund_reason
}
