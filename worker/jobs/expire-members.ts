import { expireMembers as expireBatch } from '../../server/db/ledger/expire-members.ts'
import { createSeatCalculator } from '../../server/redeem/seats.ts'
import type { MaintenanceJob } from './maintenance-job.ts'

const BATCH = 500

/** Frees the seats of memberships whose time has passed (`groups.member_days` after the seat was given). */
export const expireMembers: MaintenanceJob = {
  name: 'expire-members',
  schedule: { everyMs: 60_000 },
  attempts: 3,
  backoffMs: 5_000,
  timeLimitMs: 120_000,
  async run(context) {
    const seats = createSeatCalculator(context)
    const done = { expired: 0 }
    for (;;) {
      const { expired, groupIds } = await expireBatch(context.db, BATCH)
      await seats.invalidate(groupIds)
      done.expired += expired
      context.metrics.expiredCleanups.inc(expired)
      await context.progress(done)
      if (expired < BATCH) return done
    }
  },
}
