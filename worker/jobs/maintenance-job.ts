import type { Logger } from 'pino'
import type { Database } from '../../server/db/database.ts'
import type { Metrics } from '../../server/metrics/metrics.ts'
import type { RedisClient } from '../../server/redis/connect.ts'
import type { Keys } from '../../server/redis/keys.ts'
import type { RunId } from '../../server/redis/run-id.ts'

/** How far a run has come, in things that were done. */
export type JobProgress = Readonly<Record<string, number>>

export interface JobContext {
  readonly db: Database
  readonly redis: RedisClient
  readonly runId: RunId
  readonly keys: Keys
  readonly metrics: Metrics
  readonly logger: Logger
  /** Ends at the time limit, or when the worker closes. A job looks at it between batches. */
  readonly signal: AbortSignal
  /** Call it after each batch. @throws when the run must end: time limit passed, or the worker closes */
  progress(progress: JobProgress): Promise<void>
}

/** UTC, five fields, or a pause in ms between the starts. */
export type Schedule = { readonly cron: string } | { readonly everyMs: number }

/**
 * A job that the scheduler starts by the clock. `run` may be run any number of times, also twice at once or after it
 * died in the middle: what a batch did is committed, and the next run goes on from there.
 */
export interface MaintenanceJob {
  readonly name: string
  readonly schedule: Schedule
  readonly attempts: number
  /** Before the second attempt; doubles with each further one. */
  readonly backoffMs: number
  readonly timeLimitMs: number
  /** @returns what it did in the end */
  run(context: JobContext): Promise<JobProgress>
}
