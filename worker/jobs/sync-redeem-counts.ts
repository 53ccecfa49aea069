import { createRepair } from '../../server/redeem/repair.ts'
import type { MaintenanceJob } from './maintenance-job.ts'

/** Sets every code's count to what the ledger says, and has buckets rebuilt that disagree with it. */
export const syncRedeemCounts: MaintenanceJob = {
  name: 'sync-redeem-counts',
  schedule: { cron: '*/10 * * * *' },
  attempts: 3,
  backoffMs: 10_000,
  timeLimitMs: 300_000,
  async run(context) {
    const done = { codes: 0, counts: 0, buckets: 0 }
    for await (const { codes, repairs } of createRepair(context).repairAll({ dryRun: false })) {
      done.codes += codes
      for (const { inspection } of repairs) {
        const parts = new Set(inspection.differences.map(({ part }) => part))
        if (parts.has('used_count')) done.counts++
        if (parts.has('bucket')) done.buckets++
      }
      await context.progress(done)
    }
    if (done.counts + done.buckets > 0) context.logger.warn(done, 'codes differed from the ledger; they were mended')
    return done
  },
}
