import type { Logger } from 'pino'
import { settleWithin } from '../server/closers.ts'
import { joinSystem } from '../server/join-system.ts'
import { closeServer, listen } from '../server/listen.ts'
import { createMailBreaker, guardMailer } from '../server/mail/guard-mailer.ts'
import { createMailer } from '../server/mail/mailer.ts'
import { checkRedis } from '../server/redis/connect.ts'
import { createOperations, type Drain } from '../server/routes/operations.ts'
import { VERSION } from '../server/version.ts'
import type { WorkerConfig } from './config.ts'
import { closeAfter, connectStores } from './connect-stores.ts'
import { createInviteHandler } from './jobs/invite.ts'
import { createRebindHandler } from './jobs/rebind.ts'
import type { RunningProcess } from './run-process.ts'

/** Longest wait for jobs under way when a worker closes. */
const JOBS_END_MS = 15_000

/** Wires one worker process: it takes invite jobs from the queue until it is closed. */
export async function startWorker(config: WorkerConfig, logger: Logger): Promise<RunningProcess> {
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
    poolMax: config.DB_POOL_MAX,
    concurrency: config.WORKER_CONCURRENCY,
    breakers: [breaker],
    probes: { mail: () => mailer.verify() },
  }).catch(closeAfter(stores))
  const parts = { ...stores, mailer, claimLeaseSeconds: config.CLAIM_LEASE_SECONDS }
  const [sendInvite, sendRebind] = [createInviteHandler(parts), createRebindHandler(parts)]
  let paused = false
  const drain: Drain = {
    get paused() {
      return paused
    },
    async pause() {
      paused = true
      await queue.pause(true)
    },
    async resume() {
      paused = false
      await queue.resume(true)
    },
  }

  queue
    .process(config.WORKER_CONCURRENCY, async (job) => {
      try {
        await (job.data.kind === 'rebind' ? sendRebind : sendInvite)(String(job.id))
      } catch (error) {
        metrics.retries.inc()
        logger.warn({ err: error, jobId: job.id, attempt: job.attemptsMade + 1 }, 'invite not sent')
        throw error
      }
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
  const ops = await listen(operations, { port: config.OPS_PORT, host: config.OPS_HOST })
  await membership.announce(ops.url)
  return {
    opsUrl: ops.url,
    async close() {
      // Jobs under way end first, if they can; those that wait stay in the queue.
      await settleWithin(JOBS_END_MS, queue.pause(true))
      await membership.close()
      await stores.close()
      mailer.close()
      await closeServer(ops.server)
    },
  }
}
