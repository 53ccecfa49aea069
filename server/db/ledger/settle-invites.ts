import type { Connection, Statement } from '../database.ts'

export interface SentInvite {
  readonly id: string
  readonly acceptedAt: Date
}

/**
 * A mail that was handed over is sent, also when the claim has meanwhile passed to another worker: that one then finds
 * nothing left to mark.
 */
const MARK_SENT: Statement = {
  name: 'mark-sent',
  text: `
WITH done AS (
  UPDATE redemptions SET status = 'sent', sent_at = now(), updated_at = now(), outcome_unknown = false
  WHERE id = ANY($1::uuid[]) AND status IN ('sending', 'seated')
  RETURNING id, team_id, email, accepted_at
), recorded AS (
  INSERT INTO invite_records (redemption_id, team_id, email, status) SELECT id, team_id, email, 'sent' FROM done
)
SELECT id, accepted_at AS "acceptedAt" FROM done`,
}

const RELEASE_CLAIM: Statement = {
  name: 'release-claim',
  text: `
UPDATE redemptions SET status = 'seated', claim_token = NULL, claimed_until = NULL, updated_at = now()
WHERE id = $1 AND claim_token = $2 AND status = 'sending'`,
}

const FLAG_UNKNOWN: Statement = {
  name: 'flag-unknown-outcome',
  text: `
UPDATE redemptions SET outcome_unknown = true, claimed_until = now(), updated_at = now()
WHERE id = $1 AND claim_token = $2 AND status = 'sending'`,
}

/** @returns those that this call moved to `sent` */
export function markSent(connection: Connection, ids: readonly string[]): Promise<SentInvite[]> {
  return connection.query<SentInvite>(MARK_SENT, [ids])
}

/** The mail was certainly not handed over: `sending` → `seated`, to be tried again or refunded. */
export async function releaseClaim(connection: Connection, id: string, token: string): Promise<void> {
  await connection.query(RELEASE_CLAIM, [id, token])
}

/** The mail may have been handed over: it stays in `sending`, may be claimed at once, and can never be refunded. */
export async function flagUnknownOutcome(connection: Connection, id: string, token: string): Promise<void> {
  await connection.query(FLAG_UNKNOWN, [id, token])
}
