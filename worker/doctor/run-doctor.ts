import { createClosers } from '../../server/closers.ts'
import type { CommonConfig } from '../../server/config.ts'
import { readConnectionSettings } from '../../server/db/connection-budget.ts'
import { createDatabase } from '../../server/db/database.ts'
import { readMode } from '../../server/limiters/enter-mode.ts'
import { createMailer } from '../../server/mail/mailer.ts'
import { createMetrics } from '../../server/metrics/metrics.ts'
import { connectRedis, untilReady } from '../../server/redis/connect.ts'
import { createKeys } from '../../server/redis/keys.ts'
import { listProcesses } from '../../server/redis/process-registry.ts'
import { bad, type Finding, good, look } from './check.ts'
import { checkOutbox, checkStreams } from './check-backlog.ts'
import { checkPostgres } from './check-postgres.ts'
import { judgePools, judgeProcesses } from './check-processes.ts'
import { checkRedis } from './check-redis.ts'

const REACH_MS = 5_000

export type DoctorConfig = CommonConfig & { readonly SMTP_URL?: string | undefined }

/** Looks at every part of the system that it can reach; changes nothing. */
export async function runDoctor(config: DoctorConfig): Promise<Finding[]> {
  const closers = createClosers()
  try {
    return await examine(config, closers.add)
  } finally {
    await closers.close()
  }
}

async function examine(config: DoctorConfig, closeLater: (close: () => unknown) => void): Promise<Finding[]> {
  const metrics = createMetrics()
  const shared = { cause: 'background', metrics } as const
  let redisError = ''
  const onError = (error: Error) => {
    redisError = error.message
  }
  const redis = connectRedis({ ...shared, url: config.REDIS_URL, onError })
  closeLater(() => redis.disconnect())
  const db = createDatabase({
    ...shared,
    url: config.DATABASE_URL,
    poolMax: 1,
    acquireMs: REACH_MS,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
  })
  closeLater(() => db.close())
  const keys = createKeys(config.REDIS_KEY_PREFIX, config.LEDGER_SHARDS)
  const { sequelize } = db

  const [noRedis, noPostgres] = await Promise.all([
    reach('Redis', 'REDIS_URL', untilReady(redis, REACH_MS), () => redisError),
    reach('Postgres', 'DATABASE_URL', sequelize.authenticate({ logging: false })),
  ])
  const list = () => listProcesses({ redis, keys })
  const ofRedis = (name: string, work: () => Promise<Finding[]>) =>
    noRedis === undefined ? look(name, 'Look at the log of Redis.', work) : Promise.resolve([])
  const ofPostgres = (name: string, work: () => Promise<Finding[]>) =>
    noPostgres === undefined ? look(name, 'Look at the log of Postgres.', work) : Promise.resolve([])

  const found = await Promise.all([
    noRedis === undefined ? ofRedis('Redis', () => checkRedis(redis)) : [noRedis],
    noPostgres === undefined ? ofPostgres('Postgres', () => checkPostgres(sequelize)) : [noPostgres],
    ofRedis('processes', async () => judgeProcesses(await list(), (await readMode(redis, keys))?.name)),
    ofRedis('connections', () =>
      ofPostgres('connections', async () => [judgePools(await readConnectionSettings(sequelize), await list())]),
    ),
    ofRedis('ledger streams', () => checkStreams(redis, keys)),
    ofPostgres('outbox', () => checkOutbox(sequelize)),
    checkMail(config.SMTP_URL),
  ])
  return found.flat()
}

/** @returns a finding when it cannot be reached */
async function reach(
  store: string,
  variable: string,
  attempt: Promise<unknown>,
  explain: () => string = () => '',
): Promise<Finding | undefined> {
  return attempt.then(
    () => undefined,
    (error: Error) => ({
      ...bad(store, `cannot be reached: ${explain() || error.message}`, `Start it, or correct ${variable}.`),
      unreachable: true,
    }),
  )
}

async function checkMail(url: string | undefined): Promise<Finding[]> {
  if (url === undefined) return [good('mail', 'not looked at: SMTP_URL is not set here')]
  return look('mail', 'Start it, or correct SMTP_URL: until then invites wait.', async () => {
    const mailer = createMailer({ url, from: '', connections: 1 })
    await mailer.verify().finally(() => mailer.close())
    return [good('mail', 'the mail server answers')]
  })
}
