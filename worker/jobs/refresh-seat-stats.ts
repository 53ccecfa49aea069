import { refreshSeatStats as refresh } from '../../server/db/seat-stats.ts'
import type { MaintenanceJob } from './maintenance-job.ts'

/** Brings `team_seat_stats` up to date; readers see the old rows meanwhile. */
export const refreshSeatStats: MaintenanceJob = {
  name: 'refresh-seat-stats',
  schedule: { everyMs: 300_000 },
  attempts: 3,
  backoffMs: 5_000,
  timeLimitMs: 120_000,
  async run({ db, progress }) {
    await progress({ views: 0 })
    await refresh(db)
    const done = { views: 1 }
    await progress(done)
    return done
  },
}
