import type { Job } from 'bull'
import type { Logger } from 'pino'
import { settleWithin } from '../server/closers.ts'
import { joinSystem } from '../server/join-system.ts'
import { closeServer, listen } from '../server/listen.ts'
import { createMailBreaker, guardMailer } from '../server/mail/guard-mailer.ts'
import { createMailer, MailError } from '../server/mail/mailer.ts'
import type { InviteJob } from '../server/queue/invite-queue.ts'
import { checkRedis } from '../server/redis/connect.ts'
import { createOperations, type Drain } from '../server/routes/operations.ts'
import { inTraceOf } from '../server/tracing/tracing.ts'
import { VERSION } from '../server/version.ts'
import type { WorkerConfig } from './config.ts'
import { closeAfter, connectStores } from './connect-stores.ts'
import { createInviteHandler, TryAgainError } from './jobs/invite.ts'
import { createRebindHandler } from './jobs/rebind.ts'
import { MAINTENANCE_JOBS } from './jobs/registry.ts'
import { type MailStep, runAttempt } from './run-attempt.ts'
import type { RunningProcess } from './run-process.ts'
import { MAINTENANCE_POOL_MAX, startMaintenance } from './start-maintenance.ts'

/** Longest wait for jobs under way when a worker closes. */
const JOBS_END_MS = 15_000

/**
 * Wires one worker process: it takes invite jobs, and maintenance jobs, from their queues until it is closed.
 * @param onWorn called once, after MAX_JOBS_PER_PROCESS invite jobs
 */
export async function startWorker(
  config: WorkerConfig,
  logger: Logger,
  onWorn: () => void = () => {},
): Promise<RunningProcess> {
  const stores = await connectStores(config, logger, 'job')
  const { queue, metrics, db } = stores
  const breaker = createMailBreaker()
  const mailer = guardMailer(
    createMailer({ url: config.SMTP_URL, from: config.MAIL_FROM, connections: config.SMTP_CONNECTIONS }),
    breaker,
  )
  const membership = await joinSystem({
    ...stores,
    config,
    kind: 'worker',
    poolMax: config.DB_POOL_MAX + (config.MAINTENANCE ? MAINTENANCE_POOL_MAX : 0),
    concurrency: config.WORKER_CONCURRENCY,
    breakers: [breaker],
    probes: { mail: () => mailer.verify() },
  }).catch(closeAfter(stores))
  const parts = { ...stores, mailer, claimLeaseSeconds: config.CLAIM_LEASE_SECONDS }
  const [sendInvite, sendRebind] = [createInviteHandler(parts), createRebindHandler(parts)]
  const maintenance = config.MAINTENANCE
    ? await startMaintenance({ ...stores, config, jobs: MAINTENANCE_JOBS }).catch(closeAfter(stores))
    : undefined
  let paused = false
  const drain: Drain = {
    get paused() {
      return paused
    },
    async pause() {
      paused = true
      await Promise.all([queue.pause(true), maintenance?.pause()])
    },
    async resume() {
      paused = false
      await Promise.all([queue.resume(true), maintenance?.resume()])
    },
  }

  let jobs = 0
  async function work(job: Job<InviteJob>): Promise<MailStep> {
    const stop = metrics.jobDuration.startTimer({ queue: 'invite', job: job.data.kind ?? 'invite' })
    try {
      const send = job.data.kind === 'rebind' ? sendRebind : sendInvite
      return await runAttempt(job, config.INVITE_TIME_LIMIT_MS, (attempt) => send(String(job.id), attempt))
    } catch (error) {
      metrics.retries.inc()
      if (!(error instanceof TryAgainError)) metrics.errors.inc({ error_type: 'queue_error' })
      if (error instanceof MailError) metrics.errors.inc({ error_type: 'mail_error' })
      logger.warn({ err: error, jobId: job.id, attempt: job.attemptsMade + 1 }, 'invite not sent')
      throw error
    } finally {
      stop()
      if (++jobs === config.MAX_JOBS_PER_PROCESS) onWorn()
    }
  }
  queue
    .process(config.WORKER_CONCURRENCY, (job) => {
      const about = { 'job.id': String(job.id), 'job.attempt': job.attemptsMade + 1 }
      return inTraceOf(job.data.traceparent, 'invite.job', about, () => work(job))
    })
    .catch((error: unknown) => logger.fatal({ err: error }, 'the queue cannot be processed'))

  const operations = createOperations({
    metrics,
    version: VERSION,
    drain,
    probes: {
      postgres: () => db.sequelize.authenticate({ logging: false }),
      redis: () => checkRedis(stores.redis),
      mail: () => mailer.verify(),
    },
  })
  const opsPort = config.OPS_PORT === 0 ? 0 : config.OPS_PORT + (config.WORKER_INDEX ?? 0)
  const ops = await listen(operations, { port: opsPort, host: config.OPS_HOST })
  await membership.announce(ops.url)
  return {
    opsUrl: ops.url,
    async close() {
      // Jobs under way end first, if they can; those that wait stay in the queue.
      await Promise.all([settleWithin(JOBS_END_MS, queue.pause(true)), maintenance?.close()])
      await membership.close()
      await stores.close()
      mailer.close()
      await closeServer(ops.server)
    },
  }
}
