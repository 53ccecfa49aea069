import type { AdvancedSettings, Job } from 'bull'
import type { Logger } from 'pino'
import { createClosers, settleWithin } from '../server/closers.ts'
import type { CommonConfig } from '../server/config.ts'
import { createDatabase } from '../server/db/database.ts'
import type { Metrics } from '../server/metrics/metrics.ts'
import { openMaintenanceQueue } from '../server/queue/maintenance-queue.ts'
import { type ConnectOptions, connectRedis } from '../server/redis/connect.ts'
import type { Keys } from '../server/redis/keys.ts'
import { trackRunId } from '../server/redis/run-id.ts'
import type { JobContext, JobProgress, MaintenanceJob } from './jobs/maintenance-job.ts'

/** A batch or a refresh may take longer than a statement that a person waits for. */
const STATEMENT_TIMEOUT_MS = 60_000
/** One runs at a time, and a job has one connection. */
export const MAINTENANCE_POOL_MAX = 2
/** A run under way ends after its batch. */
const CLOSE_MS = 10_000

export interface MaintenanceParts {
  readonly config: CommonConfig
  readonly connection: ConnectOptions
  readonly keys: Keys
  readonly metrics: Metrics
  readonly logger: Logger
  readonly jobs: readonly MaintenanceJob[]
  /** Of the queue; Redline's own when left out. */
  readonly settings?: AdvancedSettings
}

export interface Maintenance {
  pause(): Promise<void>
  resume(): Promise<void>
  close(): Promise<void>
}

/**
 * Takes maintenance jobs from their queue, one at a time. It has connections of its own, so that its work is not
 * counted as the invites'.
 */
export async function startMaintenance(parts: MaintenanceParts): Promise<Maintenance> {
  const { config, keys, metrics } = parts
  const closers = createClosers()
  const closing = new AbortController()
  const connection = { ...parts.connection, cause: 'background' } as const
  const db = createDatabase({
    url: config.DATABASE_URL,
    poolMax: MAINTENANCE_POOL_MAX,
    acquireMs: config.DB_POOL_ACQUIRE_MS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    plans: 'anew',
    cause: 'background',
    metrics,
    slowQueries: { afterMs: config.SLOW_QUERY_MS, logger: parts.logger },
  })
  closers.add(() => db.close())
  const redis = connectRedis(connection)
  closers.add(() => redis.disconnect())
  const stores = { db, redis, runId: trackRunId(redis) }
  const { queue, close } = await openMaintenanceQueue(keys, connection, parts.settings).catch(async (error) => {
    await closers.close()
    throw error
  })
  closers.add(close)
  // The name `*` stands for every job, so that one at a time is one of all of them.
  queue
    .process('*', 1, (job) => runJob({ ...parts, ...stores }, job, closing.signal))
    .catch((error: unknown) => parts.logger.fatal({ err: error }, 'the maintenance queue cannot be processed'))
  return {
    pause: () => queue.pause(true),
    resume: () => queue.resume(true),
    async close() {
      closing.abort(new Error('The worker closes'))
      await settleWithin(CLOSE_MS, queue.pause(true))
      await closers.close()
    },
  }
}

type RunParts = Omit<JobContext, 'signal' | 'progress'> & { readonly jobs: readonly MaintenanceJob[] }

/** Bull's own time limit would leave the run going on, so a run is told by a signal, and ends after its batch. */
async function runJob(parts: RunParts, entry: Job, closing: AbortSignal): Promise<JobProgress> {
  const { jobs, metrics, logger, ...stores } = parts
  const job = jobs.find(({ name }) => name === entry.name)
  if (job === undefined) throw new Error(`There is no maintenance job named ${entry.name}`)
  const limit = AbortSignal.timeout(job.timeLimitMs)
  const signal = AbortSignal.any([closing, limit])
  const stop = metrics.jobDuration.startTimer({ queue: 'maintenance', job: job.name })
  try {
    const done = await job.run({
      ...stores,
      metrics,
      logger,
      signal,
      async progress(progress) {
        await entry.progress(progress)
        signal.throwIfAborted()
      },
    })
    logger.info({ job: job.name, ...done }, 'maintenance job done')
    return done
  } catch (cause) {
    const error = limit.aborted ? new Error(`It took longer than ${job.timeLimitMs} ms`, { cause }) : cause
    if (!closing.aborted) metrics.errors.inc({ error_type: 'job_error' })
    logger.warn({ err: error, job: job.name, attempt: entry.attemptsMade + 1 }, 'maintenance job not done')
    throw error
  } finally {
    stop()
  }
}
