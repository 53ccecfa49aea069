import { z } from 'zod'
import { commonEnvironment } from '../server/config.ts'
import { wholeNumber } from '../server/environment.ts'

export const workerConfig = commonEnvironment.extend({
  /** Invite jobs that this process works on at a time. */
  WORKER_CONCURRENCY: wholeNumber(1, 1_000).default(20),
  /** `smtp://user:password@host:port` of the mail server. */
  SMTP_URL: z
    .string({ error: 'is required' })
    .regex(/^smtps?:\/\//, 'expected a URL that starts with smtp:// or smtps://'),
  SMTP_CONNECTIONS: wholeNumber(1, 100).default(5),
  MAIL_FROM: z.string().default('Redline <invites@redline.invalid>'),
  /** How long a worker may take for a mail before another one may send it; longer than the mail's own time-outs. */
  CLAIM_LEASE_SECONDS: wholeNumber(30).default(60),
})

export const schedulerConfig = commonEnvironment.extend({
  /** Pause between two looks at an empty outbox, and at empty waiting rooms. */
  RELAY_IDLE_MS: wholeNumber(1).default(100),
  /** Redemptions per batch of the ledger consumer and of the relay. */
  BATCH_SIZE: wholeNumber(1, 5_000).default(500),
  SWEEP_INTERVAL_MS: wholeNumber(10).default(5_000),
  /** The sweeper leaves a redemption alone that changed within this time. */
  SWEEP_QUIET_SECONDS: wholeNumber(0).default(30),
})

export type WorkerConfig = Readonly<z.output<typeof workerConfig>>
export type SchedulerConfig = Readonly<z.output<typeof schedulerConfig>>
