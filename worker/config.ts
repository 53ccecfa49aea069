import { z } from 'zod'
import { commonEnvironment } from '../server/config.ts'
import { wholeNumber, yesOrNo } from '../server/environment.ts'

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
  /** A try of an invite job that takes longer has failed, and is made again; longer than a mail may take. */
  INVITE_TIME_LIMIT_MS: wholeNumber(100).default(40_000),
  /** Whether maintenance jobs are worked on too, one at a time per process. */
  MAINTENANCE: yesOrNo.default(true),
  /** Processes that a parent starts, and replaces when they end (one without a parent, when nothing else asks for it). */
  WORKER_PROCESSES: wholeNumber(1, 64).default(1),
  /** A process ends after so many invite jobs and is replaced; 0 = never. */
  MAX_JOBS_PER_PROCESS: wholeNumber(0).default(0),
  /** Set by the parent for each process: its operations port is OPS_PORT plus this. */
  WORKER_INDEX: wholeNumber(0).optional(),
})

export const schedulerConfig = commonEnvironment.extend({
  /** Pause between two looks at an empty outbox, and at empty waiting rooms. */
  RELAY_IDLE_MS: wholeNumber(1).default(100),
  /** Redemptions per batch of the ledger consumer and of the relay. */
  BATCH_SIZE: wholeNumber(1, 5_000).default(500),
  SWEEP_INTERVAL_MS: wholeNumber(10).default(5_000),
  /** The sweeper leaves a redemption alone that changed within this time. */
  SWEEP_QUIET_SECONDS: wholeNumber(0).default(30),
  /** Of the user `admin` of the board at /board on the operations port; without it there is no board. */
  BOARD_PASSWORD: z.string().min(12, 'expected at least 12 characters').optional(),
  /** Whether jobs may be retried, removed and so on at the board. */
  BOARD_WRITABLE: yesOrNo.default(false),
})

export type WorkerConfig = Readonly<z.output<typeof workerConfig>>
export type SchedulerConfig = Readonly<z.output<typeof schedulerConfig>>
