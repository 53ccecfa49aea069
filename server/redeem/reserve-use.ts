import type { Connection, Database, Statement } from '../db/database.ts'
import { UnavailableError } from '../errors.ts'
import type { Reservation, UseLedger, UseRequest } from '../limiters/limiter.ts'
import { currentTraceparent } from '../tracing/tracing.ts'

/**
 * Redemption, outbox row and use in one statement: one round trip, and the code's row is locked last, for no longer
 * than the commit. `used_count` may have moved since the snapshot; then the CHECK on the row refuses the whole
 * statement, so nothing can be oversold and a sold-out code is mostly refused without any lock.
 */
const reserveStatement = (name: string, outbox: string): Statement => ({
  name,
  text: `
WITH wanted AS (
  INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at)
  SELECT $1, c.code, $3, 'reserved', now(), now() + make_interval(secs => $4)
  FROM redeem_codes c
  WHERE c.code = $2 AND c.kind = $5 AND c.is_active AND c.used_count < c.max_uses
    AND (c.bound_email IS NULL OR c.bound_email = $3) AND (c.activity_id IS NULL OR c.activity_id = $6)
    AND (c.valid_until IS NULL OR c.valid_until > now())
    AND NOT EXISTS (SELECT 1 FROM redemptions r WHERE r.code = $2 AND r.email = $3 AND r.lingering AND r.status = 'refunding')
  ON CONFLICT (code, email) WHERE active DO NOTHING
  RETURNING id, code, email, accepted_at
), queued AS (
  ${outbox} RETURNING redemption_id
)
UPDATE redeem_codes c SET used_count = c.used_count + 1,
  bound_email = CASE c.kind WHEN 'personal' THEN wanted.email END,
  activated_at = CASE c.kind WHEN 'personal' THEN wanted.accepted_at END
FROM wanted JOIN queued ON queued.redemption_id = wanted.id
WHERE c.code = wanted.code
RETURNING c.code`,
})
const RESERVE = reserveStatement('reserve-use', 'INSERT INTO outbox (redemption_id) SELECT id FROM wanted')
const RESERVE_TRACED = reserveStatement(
  'reserve-use-traced',
  'INSERT INTO outbox (redemption_id, traceparent) SELECT id, $7 FROM wanted',
)

const EXPLAIN_DENIAL: Statement = {
  name: 'explain-denial',
  text: `
SELECT c.valid_until <= now() AS expired, c.used_count >= c.max_uses AS used_up, held.id, held.status,
       c.bound_email IS NOT NULL AND c.bound_email <> $2 AS foreign_code,
       c.activity_id IS NOT NULL AND c.activity_id IS DISTINCT FROM $4 AS pass_required
FROM redeem_codes c
LEFT JOIN LATERAL (
  SELECT r.id, r.status FROM redemptions r
  WHERE r.code = c.code AND r.email = $2 AND (r.active OR r.lingering AND r.status = 'refunding')
  ORDER BY r.lingering LIMIT 1
) held ON true
WHERE c.code = $1 AND c.kind = $3 AND c.is_active`,
}

interface DenialRow {
  expired: boolean | null
  used_up: boolean
  id: string | null
  status: string | null
  foreign_code: boolean
  pass_required: boolean
}

/** A use too many, or this redemption id once more: what stands in the ledger then is the answer. */
const CHECK_VIOLATION = '23514'
const UNIQUE_VIOLATION = '23505'
/** How long a person is asked to wait while a refund of the same code is under way. */
const REFUND_RETRY_SECONDS = 2

/** Takes uses in Postgres, for the limiter modes without a bucket. */
export function createUseLedger(db: Database, deadlineSeconds: number): UseLedger {
  async function take(connection: Connection, request: UseRequest): Promise<boolean> {
    const { redemptionId, code, email, kind, activityId = null } = request
    const values = [redemptionId, code, email, deadlineSeconds, kind, activityId]
    const traceparent = currentTraceparent()
    const rows =
      traceparent === undefined
        ? await connection.query(RESERVE, values)
        : await connection.query(RESERVE_TRACED, [...values, traceparent])
    return rows.length === 1
  }

  async function tryReserve(request: UseRequest, confirm?: () => void): Promise<Reservation | undefined> {
    try {
      const taken = confirm === undefined ? await take(db, request) : await takeConfirmed(request, confirm)
      if (taken) return { outcome: 'accepted', redemptionId: request.redemptionId }
    } catch (error) {
      const { code } = error as { code?: string }
      if (code !== CHECK_VIOLATION && code !== UNIQUE_VIOLATION) throw error
    }
    return explain(request)
  }

  function takeConfirmed(request: UseRequest, confirm: () => void): Promise<boolean> {
    return db.transaction(async (connection) => {
      const taken = await take(connection, request)
      confirm()
      return taken
    })
  }

  async function explain(request: UseRequest): Promise<Reservation | undefined> {
    const { code, email, kind, activityId = null } = request
    const [row] = await db.query<DenialRow>(EXPLAIN_DENIAL, [code, email, kind, activityId])
    if (row === undefined) return { outcome: 'denied', reason: 'not_found' }
    if (row.status === 'refunding')
      return { outcome: 'denied', reason: 'refund_pending', retryAfterSeconds: REFUND_RETRY_SECONDS }
    if (row.id === request.redemptionId) return { outcome: 'accepted', redemptionId: row.id }
    if (row.id !== null) return { outcome: 'repeated', redemptionId: row.id, status: row.status ?? 'reserved' }
    if (row.foreign_code) return { outcome: 'denied', reason: 'not_found' }
    if (row.pass_required) return { outcome: 'denied', reason: 'pass_required' }
    if (row.expired) return { outcome: 'denied', reason: 'expired' }
    if (row.used_up) return { outcome: 'denied', reason: 'used_up' }
    return undefined
  }

  return {
    async reserveUse(request, confirm) {
      // A second try decides what changed between the two statements of the first (a use came free, say).
      const outcome = (await tryReserve(request, confirm)) ?? (await tryReserve(request, confirm))
      if (outcome === undefined) throw new UnavailableError('The code changed while it was redeemed')
      return outcome
    },
  }
}
