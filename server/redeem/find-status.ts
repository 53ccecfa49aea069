import type { Database } from '../db/database.ts'
import { findRedemption, type RedemptionStatus } from '../db/ledger/find-redemption.ts'
import type { Limiter } from '../limiters/limiter.ts'

export type FindStatus = (redemptionId: string) => Promise<RedemptionStatus | undefined>

/** The state of a redemption right after its 202, in every mode: what Postgres does not have yet is asked of Redis. */
export function createFindStatus(db: Database, limiter: Limiter): FindStatus {
  return async (id) => {
    const committed = await findRedemption(db, id)
    if (committed !== undefined) return committed
    const uncommitted = await limiter.findUncommitted(id)
    // Committed between the two questions: it has left Redis only after it was in Postgres.
    if (uncommitted === undefined) return findRedemption(db, id)
    return { id, status: 'reserved', acceptedAt: uncommitted.acceptedAt, sentAt: null, refundReason: null }
  }
}
