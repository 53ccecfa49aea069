import type { Connection, Statement } from '../database.ts'

/** The right to send the mail about one move until the claim ends. */
export interface RebindClaim {
  readonly id: string
  readonly token: string
  readonly redemptionId: string
  readonly email: string
  readonly teamName: string
  /** The move is so long ago that its mail is not tried again. */
  readonly isLastTry: boolean
}

/** Whose membership has ended meanwhile is told nothing any more. */
const CLAIM: Statement = {
  name: 'claim-rebind',
  text: `
UPDATE rebinds b SET status = CASE r.status WHEN 'sent' THEN 'sending' ELSE 'failed' END,
  claim_token = gen_random_uuid(), updated_at = now(), claimed_until = now() + make_interval(secs => $2)
FROM teams t, redemptions r
WHERE b.id = $1 AND t.id = b.to_team_id AND r.id = b.redemption_id
  AND (b.status = 'pending' OR b.status = 'sending' AND b.claimed_until < now())
RETURNING b.id, b.status, b.claim_token AS token, b.redemption_id AS "redemptionId", b.email, t.name AS "teamName",
  b.created_at < now() - make_interval(secs => $3) AS "isLastTry"`,
}

/** The mail about the move is one more invite that went out: it stands in the records, beside the first one. */
const MARK_SENT: Statement = {
  name: 'mark-rebind-sent',
  text: `
WITH done AS (
  UPDATE rebinds SET status = 'sent', sent_at = now(), updated_at = now() WHERE id = $1 AND status IN ('pending', 'sending')
  RETURNING redemption_id, to_team_id, email
)
INSERT INTO invite_records (redemption_id, team_id, email, status)
SELECT redemption_id, to_team_id, email, 'sent' FROM done`,
}

const RELEASE: Statement = {
  name: 'release-rebind',
  text: `
UPDATE rebinds SET status = $3, claim_token = NULL, claimed_until = NULL, updated_at = now()
WHERE id = $1 AND claim_token = $2 AND status = 'sending'`,
}

const IS_OPEN: Statement = {
  name: 'is-rebind-open',
  text: `SELECT id FROM rebinds WHERE id = $1 AND status IN ('pending', 'sending')`,
}

const LIST_QUIET: Statement = {
  name: 'list-quiet-rebinds',
  text: `
SELECT id FROM rebinds
WHERE status IN ('pending', 'sending') AND updated_at < now() - make_interval(secs => $1)
  AND (claimed_until IS NULL OR claimed_until < now())
ORDER BY updated_at LIMIT $2`,
}

const REQUEUE: Statement = {
  name: 'requeue-rebinds',
  text: `
INSERT INTO outbox (redemption_id, kind)
SELECT id, 'rebind' FROM rebinds WHERE id = ANY($1::uuid[]) AND status IN ('pending', 'sending') ORDER BY id
ON CONFLICT (redemption_id) DO UPDATE SET status = 'pending', created_at = now()`,
}

const MARK_SEEN: Statement = {
  name: 'mark-rebinds-seen',
  text: 'UPDATE rebinds SET updated_at = now() WHERE id = ANY($1::uuid[])',
}

/** A mail that could not be handed over for so long is given up after one more try: the seat has moved all the same. */
const TRIED_FOR_SECONDS = 3_600

/** @returns undefined when another worker holds a live claim, or there is nothing to send (any more) */
export async function claimRebind(
  connection: Connection,
  id: string,
  leaseSeconds: number,
): Promise<RebindClaim | undefined> {
  const [claim] = await connection.query<RebindClaim & { status: string }>(CLAIM, [id, leaseSeconds, TRIED_FOR_SECONDS])
  return claim?.status === 'sending' ? claim : undefined
}

export async function markRebindSent(connection: Connection, id: string): Promise<void> {
  await connection.query(MARK_SENT, [id])
}

/** The mail was not handed over: to be tried again, or, when it was refused, never again. */
export async function releaseRebind(
  connection: Connection,
  { id, token }: RebindClaim,
  status: 'pending' | 'failed',
): Promise<void> {
  await connection.query(RELEASE, [id, token, status])
}

export async function isRebindOpen(connection: Connection, id: string): Promise<boolean> {
  return (await connection.query(IS_OPEN, [id])).length === 1
}

/** Moves whose mail nobody has touched for a while. */
export async function listQuietRebinds(connection: Connection, quietSeconds: number, limit: number): Promise<string[]> {
  return (await connection.query<{ id: string }>(LIST_QUIET, [quietSeconds, limit])).map(({ id }) => id)
}

/** Puts them back into the outbox; the relay adds their jobs. */
export async function requeueRebinds(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.query(REQUEUE, [ids])
}

/** They count as touched just now, so that the next look is at others. */
export async function markRebindsSeen(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.query(MARK_SEEN, [ids])
}
