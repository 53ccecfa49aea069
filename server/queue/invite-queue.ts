import Bull, { type Job, type Queue } from 'bull'
import { type ConnectOptions, connectForBull } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'

/** The data of an invite job; its id is the redemption id. Nothing personal: the worker reads it from Postgres. */
export type InviteJob = Record<string, never>
export type InviteQueue = Queue<InviteJob>

const JOB_OPTIONS = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 86_400, count: 10_000 },
} as const

export function createInviteQueue(keys: Keys, connection: ConnectOptions): InviteQueue {
  return new Bull<InviteJob>('invite', {
    prefix: keys.bullPrefix,
    createClient: (kind) => connectForBull(connection, kind),
    settings: { lockDuration: 30_000, stalledInterval: 30_000, maxStalledCount: 10 },
  }).on('error', connection.onError)
}

/**
 * Adds invite jobs. A job id that the queue knows is left alone, so an unknown outcome is repeated without harm.
 * Bull hides what a single command of a bulk answered; a job that has not the id that it was given was not added.
 * @throws when not all of them were added for certain
 */
export async function addInvites(queue: InviteQueue, ids: readonly string[]): Promise<void> {
  const jobs = await queue.addBulk(ids.map((id) => ({ data: {}, opts: { ...JOB_OPTIONS, jobId: id } })))
  const missing = ids.filter((id, index) => jobs[index]?.id !== id)
  if (missing.length > 0) throw new Error(`The queue did not take ${missing.length} of ${ids.length} jobs`)
}

/** Ids of the jobs that wait, are delayed or are being worked on. */
export async function listLiveJobs(queue: InviteQueue): Promise<string[]> {
  const jobs = await queue.getJobs(['waiting', 'active', 'delayed', 'paused'])
  // A job that ended between the listing and its reading is missing.
  return jobs.filter((job) => job !== null).map((job) => String(job.id))
}

const LIVE_STATES: readonly string[] = ['waiting', 'active', 'delayed', 'paused']

/** Removes a job that will not run (again). @returns true when a job that will run stands in the queue */
export async function removeUnlessLive(queue: InviteQueue, id: string): Promise<boolean> {
  const job: Job<InviteJob> | null = await queue.getJob(id)
  if (job === null) return false
  if (LIVE_STATES.includes(await job.getState())) return true
  await job.remove()
  return false
}
