import { cleanOutbox } from '../../server/db/ledger/clean-outbox.ts'
import type { MaintenanceJob } from './maintenance-job.ts'

const KEEP_DAYS = 7
const BATCH = 5_000

/** Deletes outbox rows whose job was added long ago, and whose invite or rebind has ended. */
export const cleanupInviteQueue: MaintenanceJob = {
  name: 'cleanup-invite-queue',
  schedule: { cron: '15 * * * *' },
  attempts: 3,
  backoffMs: 10_000,
  timeLimitMs: 300_000,
  async run({ db, progress }) {
    const done = { rows: 0, deleted: 0 }
    for (let after: string | undefined; ; ) {
      const page = await cleanOutbox(db, { keepDays: KEEP_DAYS, after, limit: BATCH })
      done.rows += page.rows
      done.deleted += page.deleted
      await progress(done)
      if (page.rows < BATCH) return done
      after = page.last
    }
  },
}
