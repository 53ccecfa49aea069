import type { Job, Queue } from 'bull'
import type { OutboxRow } from '../db/ledger/relay-outbox.ts'
import type { ConnectOptions } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { execute } from '../redis/script.ts'
import { openQueue } from './open-queue.ts'

/**
 * The data of a job; its id is the redemption's or the rebind's. Nothing personal: the worker reads it from Postgres.
 * A job without a kind is an invite.
 */
export interface InviteJob {
  readonly kind?: 'rebind'
  /** Of the request that is behind it, when its trace is kept. */
  readonly traceparent?: string
}
export type InviteQueue = Queue<InviteJob>

const JOB_OPTIONS = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 86_400, count: 10_000 },
} as const

/**
 * A job that a closing worker took and did not begin has no lock: it is given to another worker at the second look that
 * finds it so. Looks are shared by all workers and cost one short script.
 */
const SETTINGS = { lockDuration: 30_000, stalledInterval: 5_000, maxStalledCount: 10 }

/** @throws when Redis is away */
export const openInviteQueue = (keys: Keys, connection: ConnectOptions) =>
  openQueue<InviteJob>('invite', keys, connection, SETTINGS)

/**
 * Adds invite jobs. A job id that the queue knows is left alone, so an unknown outcome is repeated without harm.
 * Bull hides what a single command of a bulk answered; a job that has not the id that it was given was not added. Alone
 * it is added or tells why not: in a bulk Bull never sends a script again that Redis forgot.
 * @throws when not all of them were added for certain
 */
export async function addInvites(queue: InviteQueue, rows: readonly OutboxRow[]): Promise<void> {
  const wanted = rows.map(({ id, kind, traceparent }) => ({
    data: { ...(kind === 'rebind' && { kind }), ...(traceparent && { traceparent }) },
    opts: { ...JOB_OPTIONS, jobId: id },
  }))
  const jobs = await queue.addBulk(wanted)
  const missing = wanted.filter(({ opts }, index) => jobs[index]?.id !== opts.jobId)
  for (const { data, opts } of missing) await queue.add(data, opts)
}

/** Ids of the jobs that wait, are delayed or are being worked on. */
export async function listLiveJobs(queue: InviteQueue): Promise<string[]> {
  const jobs = await queue.getJobs(['waiting', 'active', 'delayed', 'paused'])
  // A job that ended between the listing and its reading is missing.
  return jobs.filter((job) => job !== null).map((job) => String(job.id))
}

/**
 * Which of these redemptions have a job that will run (again), in one view of the queue: Bull's own question about one
 * job reads its whole lists each time.
 */
export async function findLiveJobs(queue: InviteQueue, ids: readonly string[]): Promise<Set<string>> {
  const view = queue.client.multi()
  for (const list of ['wait', 'active', 'paused']) view.lrange(queue.toKey(list), 0, -1)
  for (const id of ids) view.zscore(queue.toKey('delayed'), id)
  const [waiting, active, paused, ...delayed] = (await execute(view)) as [string[], string[], string[], ...unknown[]]
  const listed = new Set([...waiting, ...active, ...paused])
  return new Set(ids.filter((id, index) => listed.has(id) || delayed[index] !== null))
}

/** Removes a job that will not run again, so that it can be added anew. @returns false when somebody works on it */
export async function removeDeadJob(queue: InviteQueue, id: string): Promise<boolean> {
  const job: Job<InviteJob> | null = await queue.getJob(id)
  if (job === null) return true
  return job.remove().then(
    () => true,
    // Bull refuses to remove a job that somebody has locked, to work on it.
    (error: Error) => {
      if (error.message.startsWith('Could not remove job')) return false
      throw error
    },
  )
}
