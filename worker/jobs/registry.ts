import { archiveInviteRecords } from './archive-invite-records.ts'
import { cleanupInviteQueue } from './cleanup-invite-queue.ts'
import { createPartitions } from './create-partitions.ts'
import { expireMembers } from './expire-members.ts'
import type { MaintenanceJob } from './maintenance-job.ts'
import { refreshSeatStats } from './refresh-seat-stats.ts'
import { syncRedeemCounts } from './sync-redeem-counts.ts'

/** All maintenance jobs: the scheduler starts them by the clock, workers with MAINTENANCE=true run them. */
export const MAINTENANCE_JOBS: readonly MaintenanceJob[] = [
  archiveInviteRecords,
  cleanupInviteQueue,
  createPartitions,
  expireMembers,
  refreshSeatStats,
  syncRedeemCounts,
]
