import type { Limiter, UseLedger } from './limiter.ts'

/** Nothing but the database: its row lock is the only guard, and the fair baseline for the other modes. */
export function createNone(ledger: UseLedger): Limiter {
  return {
    mode: 'none',
    start: async () => {},
    reserve: (request) => ledger.reserveUse(request),
    findUncommitted: async () => undefined,
    load: () => ({ inUse: 0, waiting: 0 }),
    close: async () => {},
  }
}
