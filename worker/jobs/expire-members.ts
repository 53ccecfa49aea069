import { expireMembers as expireBatch } from '../../server/db/ledger/expire-members.ts'
import type { MaintenanceJob } from './maintenance-job.ts'

const BATCH = 500

/** Frees the seats of memberships whose time has passed (`groups.member_days` after the seat was given). */
export const expireMembers: MaintenanceJob = {
  name: 'expire-members',
  schedule: { everyMs: 60_000 },
  attempts: 3,
  backoffMs: 5_000,
  timeLimitMs: 120_000,
  async run({ db, metrics, progress }) {
    const done = { expired: 0 }
    for (let batch = BATCH; batch === BATCH; ) {
      batch = await expireBatch(db, BATCH)
      done.expired += batch
      metrics.expiredCleanups.inc(batch)
      await progress(done)
    }
    return done
  },
}
