import type { Connection, Statement } from '../database.ts'

/** A redemption that a bucket accepted, as it stands in the ledger stream. */
export interface AcceptedRedemption {
  readonly id: string
  readonly code: string
  readonly email: string
  readonly acceptedAt: Date
  /** Of the request that was accepted, when its trace is kept. */
  readonly traceparent?: string
}

/**
 * One statement, so one transaction: rows that exist already bring neither an outbox row nor a use, and those of codes
 * that do not exist are left out. Codes are locked in sorted order, so that two consumers cannot wait for each other.
 */
const commitStatement = (name: string, outbox: string): Statement => ({
  name,
  text: `
WITH inserted AS (
  INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at)
  SELECT a.id, a.code, a.email, 'reserved', a.accepted_at, a.accepted_at + make_interval(secs => $5)
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS a(id, code, email, accepted_at)
  WHERE EXISTS (SELECT FROM redeem_codes c WHERE c.code = a.code)
  ON CONFLICT (id) DO NOTHING
  RETURNING id, code, email, accepted_at
), queued AS (
  ${outbox}
), taken AS (
  SELECT code, count(*)::int AS uses, min(email) AS email, min(accepted_at) AS accepted_at FROM inserted GROUP BY code
), locked AS MATERIALIZED (
  SELECT c.code FROM redeem_codes c JOIN taken USING (code) ORDER BY c.code FOR NO KEY UPDATE OF c
), counted AS (
  UPDATE redeem_codes c SET used_count = c.used_count + taken.uses,
    bound_email = CASE c.kind WHEN 'personal' THEN taken.email END,
    activated_at = CASE c.kind WHEN 'personal' THEN taken.accepted_at END
  FROM locked JOIN taken USING (code) WHERE c.code = locked.code
)
SELECT (SELECT count(*)::int FROM inserted) AS inserted,
       (SELECT count(*) FROM inserted) < cardinality($1::uuid[])
         AND EXISTS (SELECT FROM unnest($2::text[]) AS a(code)
                     WHERE NOT EXISTS (SELECT FROM redeem_codes c WHERE c.code = a.code)) AS "hasUnknown"`,
})
const COMMIT_ACCEPTED = commitStatement('commit-accepted', 'INSERT INTO outbox (redemption_id) SELECT id FROM inserted')
const COMMIT_TRACED = commitStatement(
  'commit-accepted-traced',
  `INSERT INTO outbox (redemption_id, traceparent)
  SELECT id, t.traceparent FROM inserted JOIN unnest($1::uuid[], $6::text[]) AS t(id, traceparent) USING (id)`,
)

/** What Postgres refuses for good becomes a refund in progress: it holds no use, and its reason stands in the row. */
const COMMIT_REFUSED: Statement = {
  name: 'commit-refused',
  text: `
INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at, refund_reason)
VALUES ($1, $2, $3, 'refunding', $4, $4, $5)
ON CONFLICT (id) DO NOTHING`,
}

/**
 * Writes accepted redemptions to the ledger, each once, however often it is called.
 * @returns how many were new
 * @throws UnknownCodeError when one of the codes does not exist (the others' redemptions are written)
 * @throws when Postgres refuses one of them (nothing was written then)
 */
export async function commitAccepted(
  connection: Connection,
  accepted: readonly AcceptedRedemption[],
  deadlineSeconds: number,
): Promise<number> {
  const isTraced = accepted.some(({ traceparent }) => traceparent !== undefined)
  const statement = isTraced ? COMMIT_TRACED : COMMIT_ACCEPTED
  const [row] = await connection.query<{ inserted: number; hasUnknown: boolean }>(statement, [
    accepted.map(({ id }) => id),
    accepted.map(({ code }) => code),
    accepted.map(({ email }) => email),
    accepted.map(({ acceptedAt }) => acceptedAt.toISOString()),
    deadlineSeconds,
    ...(isTraced ? [accepted.map(({ traceparent = null }) => traceparent)] : []),
  ])
  if (row?.hasUnknown) throw new UnknownCodeError('A bucket accepted a code that Postgres does not know')
  return row?.inserted ?? 0
}

/** A bucket accepted a code that Postgres does not know. */
export class UnknownCodeError extends Error {
  override readonly name = 'UnknownCodeError'
}

/** Writes one redemption that Postgres refused as a refund in progress. */
export async function commitRefused(
  connection: Connection,
  { id, code, email, acceptedAt }: AcceptedRedemption,
  reason: string,
): Promise<void> {
  await connection.query(COMMIT_REFUSED, [id, code, email, acceptedAt.toISOString(), reason])
}
