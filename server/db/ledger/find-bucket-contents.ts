import type { CodeKind } from '../../limiters/limiter.ts'
import type { Connection, Statement } from '../database.ts'

/** What a code's bucket must hold according to the ledger. */
export interface BucketContents {
  readonly code: string
  readonly usesLeft: number
  readonly isActive: boolean
  readonly validUntil: Date | null
  readonly refillPerSecond: number | null
  readonly kind: CodeKind
  readonly boundEmail: string | null
  readonly activityId: string | null
  /** Who holds a use (or is being refunded): email → redemption id. */
  readonly holders: Record<string, string>
}

/**
 * A refund under way counts as taken only while its person maps to it, for the refund gives back just that. So it is
 * left out when the same person holds another use, e.g. the one because of which Postgres refused this one.
 */
const FIND: Statement = {
  name: 'find-bucket-contents',
  text: `
SELECT c.code, c.is_active AS "isActive", c.valid_until AS "validUntil", c.refill_per_second AS "refillPerSecond",
       c.kind, c.bound_email AS "boundEmail", c.activity_id AS "activityId",
       c.max_uses - held.uses AS "usesLeft", held.holders
FROM redeem_codes c
CROSS JOIN LATERAL (
  SELECT count(*)::int AS uses,
         coalesce(json_object_agg(r.email, r.id) FILTER (WHERE r.status <> 'expired'), '{}') AS holders
  FROM redemptions r WHERE r.code = c.code AND (r.active OR r.lingering)
    AND NOT (r.status = 'refunding' AND EXISTS (
      SELECT FROM redemptions o WHERE o.code = r.code AND o.email = r.email
        AND (o.active OR o.lingering AND o.status = 'refunding' AND o.id < r.id)))
) held
WHERE c.code = ANY($1::text[])`,
}

/** A personal code that is bound has no use left, and need not be read to be passed over. */
const LIST_CODES: Statement = {
  name: 'list-active-codes',
  text: `
SELECT code FROM redeem_codes
WHERE is_active AND bound_email IS NULL AND (kind = 'shared' OR used_count < max_uses) AND code > $1
  AND (valid_until IS NULL OR valid_until > now())
ORDER BY code LIMIT $2`,
}

/** Codes that do not exist are missing from the answer. */
export function findBucketContents(connection: Connection, codes: readonly string[]): Promise<BucketContents[]> {
  return connection.query<BucketContents>(FIND, [codes])
}

/** A page of the codes that can be redeemed, in order, after the given one. */
export async function listActiveCodes(connection: Connection, after: string, limit: number): Promise<string[]> {
  return (await connection.query<{ code: string }>(LIST_CODES, [after, limit])).map(({ code }) => code)
}
