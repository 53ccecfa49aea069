import { randomUUID } from 'node:crypto'
import type { Database } from '../db/database.ts'
import { type RebindOutcome, rebind } from '../db/ledger/rebind.ts'
import type { Deadline } from '../limiters/limiter.ts'
import { withinDeadline } from '../limiters/within-deadline.ts'
import { normaliseEmail } from './email.ts'

/** A holder moves to another team with a free seat. */
export type RebindSeat = (wish: { email: string; code: string }, deadline: Deadline) => Promise<RebindOutcome>

export function createRebindSeat(db: Database): RebindSeat {
  return ({ email, code }, deadline) =>
    withinDeadline(rebind(db, { rebindId: randomUUID(), code, email: normaliseEmail(email) }), deadline)
}
