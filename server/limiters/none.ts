import type { Limiter, UseLedger } from './limiter.ts'
import { withinDeadline } from './within-deadline.ts'

/** Nothing but the database: its row lock is the only guard, and the fair baseline for the other modes. */
export function createNone(ledger: UseLedger): Limiter {
  return {
    mode: 'none',
    start: async () => {},
    reserve: (request, deadline) => withinDeadline(ledger.reserveUse(request), deadline),
    findUncommitted: async () => undefined,
    load: () => ({ inUse: 0, waiting: 0 }),
    close: async () => {},
  }
}
