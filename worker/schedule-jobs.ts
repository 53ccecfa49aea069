import type { JobInformation } from 'bull'
import type { MaintenanceQueue } from '../server/queue/maintenance-queue.ts'
import type { MaintenanceJob, Schedule } from './jobs/maintenance-job.ts'

const HISTORY = {
  removeOnComplete: { age: 7 * 86_400, count: 500 },
  removeOnFail: { age: 30 * 86_400, count: 500 },
} as const

/**
 * Has the queue start these jobs by their schedules, and no others. It may be repeated, also by several schedulers at
 * once: a schedule is one entry in Redis, and the job of one moment has one id. What has another schedule than before
 * loses the old one.
 */
export async function scheduleJobs(queue: MaintenanceQueue, jobs: readonly MaintenanceJob[]): Promise<void> {
  for (const job of jobs) {
    const { name, schedule, attempts, backoffMs } = job
    const options = { attempts, backoff: { type: 'exponential', delay: backoffMs }, ...HISTORY }
    await queue.add(name, {}, { ...options, repeat: repeatOf(schedule) })
  }
  for (const entry of await queue.getRepeatableJobs())
    if (!jobs.some((job) => isScheduleOf(job, entry))) await queue.removeRepeatableByKey(entry.key)
}

const repeatOf = (schedule: Schedule) =>
  'cron' in schedule ? { cron: schedule.cron, tz: 'UTC' } : { every: schedule.everyMs }

function isScheduleOf({ name, schedule }: MaintenanceJob, entry: JobInformation): boolean {
  if (entry.name !== name) return false
  return 'cron' in schedule
    ? entry.cron === schedule.cron && entry.tz === 'UTC'
    : entry.cron === null && Number(entry.every) === schedule.everyMs
}
