import { archiveOldRows } from '../../server/db/archive.ts'
import type { PartitionedTable } from '../../server/db/partitions.ts'
import type { MaintenanceJob } from './maintenance-job.ts'

const TABLES: readonly PartitionedTable[] = ['invite_records', 'queue_entries']
const OLDER_THAN_DAYS = 90
const BATCH = 2_000

/** Moves invite records, and entries of waiting rooms, that are older than 90 days to their archive tables. */
export const archiveInviteRecords: MaintenanceJob = {
  name: 'archive-invite-records',
  schedule: { cron: '30 3 * * *' },
  attempts: 3,
  backoffMs: 60_000,
  timeLimitMs: 1_800_000,
  async run({ db, progress }) {
    const done = { invite_records: 0, queue_entries: 0 }
    for (const table of TABLES) {
      for (let batch = BATCH; batch === BATCH; ) {
        batch = await archiveOldRows(db, table, OLDER_THAN_DAYS, BATCH)
        done[table] += batch
        await progress(done)
      }
    }
    return done
  },
}
