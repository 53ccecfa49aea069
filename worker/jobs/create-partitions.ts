import { ensureMonths, type PartitionedTable } from '../../server/db/partitions.ts'
import type { MaintenanceJob } from './maintenance-job.ts'

const TABLES: readonly PartitionedTable[] = ['invite_records', 'queue_entries']
const MONTHS_AHEAD = 3

/** Makes the partitions of this month and the next three; daily, so that many tries stand before each month. */
export const createPartitions: MaintenanceJob = {
  name: 'create-partitions',
  schedule: { cron: '5 2 * * *' },
  attempts: 5,
  backoffMs: 60_000,
  timeLimitMs: 120_000,
  async run({ db, progress }) {
    const done = { tables: 0, made: 0 }
    for (const table of TABLES) {
      done.made += (await ensureMonths(db, table, MONTHS_AHEAD)).length
      done.tables++
      await progress(done)
    }
    return done
  },
}
