import type { Database } from '../db/database.ts'
import { findRedemption, type RedemptionStatus } from '../db/ledger/find-redemption.ts'
import type { Deadline, Limiter } from '../limiters/limiter.ts'
import { withinDeadline } from '../limiters/within-deadline.ts'

/** @throws UnavailableError when it cannot be found out within the deadline */
export type FindStatus = (redemptionId: string, deadline: Deadline) => Promise<RedemptionStatus | undefined>

/** Nothing follows, so a replica that is behind cannot be wrong about it. */
const FINAL = new Set(['sent', 'expired', 'refunded'])

/**
 * The state of a redemption right after its 202, in every mode: what Postgres does not have yet is asked of Redis. A
 * replica is believed only when it tells the end, so that nobody sees a state go back.
 */
export function createFindStatus(db: Database, limiter: Limiter): FindStatus {
  async function find(id: string): Promise<RedemptionStatus | undefined> {
    const seen = db.hasReplica ? await findRedemption(db.read, id) : undefined
    if (seen !== undefined && FINAL.has(seen.status)) return seen
    const committed = await findRedemption(db, id)
    if (committed !== undefined) return committed
    const uncommitted = await limiter.findUncommitted(id)
    // Committed between the two questions: it has left Redis only after it was in Postgres.
    if (uncommitted === undefined) return findRedemption(db, id)
    return { id, status: 'reserved', acceptedAt: uncommitted.acceptedAt, sentAt: null, refundReason: null }
  }
  return (id, deadline) => withinDeadline(find(id), deadline)
}
