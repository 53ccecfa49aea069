import type { CodeKind } from '../../limiters/limiter.ts'
import type { Connection, Statement } from '../database.ts'

/** What the ledger says of a code, all in one snapshot. */
export interface LedgerView {
  readonly code: string
  readonly kind: CodeKind
  readonly isActive: boolean
  readonly validUntil: Date | null
  readonly boundEmail: string | null
  readonly maxUses: number
  readonly usedCount: number
  /** Rows that hold a use or held one until they expired, by status; refunded ones are not among them. */
  readonly byStatus: Readonly<Record<string, number>>
  /** Of what the bucket had taken at the moment of `cut`: uses that Postgres has and the stream has not. */
  readonly takenByBucket: number
  /** Of those, the ones that nobody holds any more. */
  readonly expiredOfBucket: number
  /** A change waits to be carried to the bucket. */
  readonly awaitsRebuild: boolean
}

/** Until when the rows of a code count for `takenByBucket`. */
export interface Cut {
  readonly code: string
  readonly before: Date
}

/** A refund under way counts for the bucket as it does when the bucket is rebuilt (`findBucketContents`). */
const INSPECT: Statement = {
  name: 'inspect-codes',
  text: `
SELECT c.code, c.kind, c.is_active AS "isActive", c.valid_until AS "validUntil", c.bound_email AS "boundEmail",
       c.max_uses AS "maxUses", c.used_count AS "usedCount", counted.*,
       EXISTS (SELECT FROM bucket_outbox b WHERE b.code = c.code) AS "awaitsRebuild"
FROM unnest($1::text[], $2::timestamptz[]) AS asked(code, before) JOIN redeem_codes c USING (code)
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_object_agg(status, rows), '{}') AS "byStatus",
         coalesce(sum(taken), 0)::int AS "takenByBucket",
         coalesce(sum(taken) FILTER (WHERE status = 'expired'), 0)::int AS "expiredOfBucket"
  FROM (
    SELECT r.status, count(*)::int AS rows, count(*) FILTER (
      WHERE r.accepted_at < asked.before AND r.id <> ALL($3::uuid[])
        AND NOT (r.status = 'refunding' AND EXISTS (
          SELECT FROM redemptions o WHERE o.code = r.code AND o.email = r.email
            AND (o.active OR o.lingering AND o.status = 'refunding' AND o.id < r.id)))
    )::int AS taken
    FROM redemptions r WHERE r.code = c.code AND (r.active OR r.lingering) GROUP BY r.status
  ) by_status
) counted
ORDER BY c.code`,
}

const LIST_CODES: Statement = {
  name: 'list-codes-to-sync',
  text: 'SELECT code FROM redeem_codes WHERE code > $1 ORDER BY code LIMIT $2',
}

/**
 * @param inStream redemptions that are left out of `takenByBucket`, because the caller has them from the stream
 * @returns in the order of the codes; those that do not exist are missing
 */
export function inspectCodes(
  connection: Connection,
  cuts: readonly Cut[],
  inStream: readonly string[],
): Promise<LedgerView[]> {
  return connection.query<LedgerView>(INSPECT, [
    cuts.map(({ code }) => code),
    cuts.map(({ before }) => before.toISOString()),
    inStream,
  ])
}

/** A page of all codes, also of those that cannot be redeemed any more, in order, after the given one. */
export async function listCodes(connection: Connection, after: string, limit: number): Promise<string[]> {
  return (await connection.query<{ code: string }>(LIST_CODES, [after, limit])).map(({ code }) => code)
}
