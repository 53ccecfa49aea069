import { randomUUID } from 'node:crypto'
import { Sequelize } from 'sequelize'
import { inject } from 'vitest'
import { createDatabase, type Database } from '../db/database.ts'
import { type AcceptedRedemption, commitAccepted } from '../db/ledger/commit-accepted.ts'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import { type ConnectOptions, connectRedis, type RedisClient } from '../redis/connect.ts'
import { createKeys, type Keys } from '../redis/keys.ts'
import { type RunId, trackRunId } from '../redis/run-id.ts'

/** Real stores for one test file: a database and a key prefix of its own on the servers of the test run. */
export interface TestStores {
  readonly db: Database
  readonly databaseUrl: string
  readonly redis: RedisClient
  readonly redisUrl: string
  readonly runId: RunId
  readonly keys: Keys
  readonly metrics: Metrics
  readonly connection: ConnectOptions
  /** Makes a code (and a group with one team of `seats`). @returns its name */
  createCode(options?: CodeOptions): Promise<string>
  /** Makes an open waiting room. @returns its id */
  createActivity(options?: { tenant?: string; releasePerSecond?: number }): Promise<string>
  /** What the ledger consumer does, once, one call after the other: everything in the streams goes to Postgres. @returns how many entries */
  settle(): Promise<number>
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>
  close(): Promise<void>
}

export interface CodeOptions {
  readonly maxUses?: number
  readonly isActive?: boolean
  readonly validUntil?: Date
  readonly kind?: 'shared' | 'personal'
  readonly refillPerSecond?: number
  readonly seats?: number
  readonly activityId?: string
}

const DEADLINE_SECONDS = 900

/** @param options `redisUrl` names a Redis of the file's own instead of the shared one */
export async function createTestStores({
  shards = 2,
  poolMax = 10,
  redisUrl = inject('redisUrl'),
} = {}): Promise<TestStores> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const databaseUrl = await createDatabaseNamed(name)
  const metrics = createMetrics()
  const db = createDatabase({
    url: databaseUrl,
    poolMax,
    acquireMs: 30_000,
    statementTimeoutMs: 5_000,
    cause: 'request',
    metrics,
  })
  const connection: ConnectOptions = { url: redisUrl, cause: 'request', metrics, onError: () => {} }
  const redis = connectRedis(connection)
  const runId = trackRunId(redis)
  await runId.known(10_000)
  const keys = createKeys(name, shards)
  let settling = Promise.resolve(0)
  const sql = <Row extends object>(text: string, values: unknown[] = []) => db.query<Row>({ name: '', text }, values)

  return {
    db,
    databaseUrl,
    redis,
    redisUrl,
    runId,
    keys,
    metrics,
    connection,
    sql,
    createCode: (options = {}) => insertCode(sql, options),
    createActivity: (options = {}) => insertActivity(sql, options),
    settle() {
      settling = settling.catch(() => 0).then(() => settleStreams(db, redis, keys))
      return settling
    },
    async close() {
      redis.disconnect()
      await db.close()
      await dropDatabaseNamed(name)
    },
  }
}

async function asAdministrator(statement: string): Promise<void> {
  const admin = new Sequelize(inject('databaseUrl'), { dialect: 'postgres', logging: false })
  await admin.query(statement).finally(() => admin.close())
}

async function createDatabaseNamed(name: string): Promise<string> {
  await asAdministrator(`CREATE DATABASE ${name} TEMPLATE ${inject('templateDatabase')}`)
  const url = new URL(inject('databaseUrl'))
  url.pathname = `/${name}`
  return url.href
}

const dropDatabaseNamed = (name: string) => asAdministrator(`DROP DATABASE ${name} WITH (FORCE)`)

async function insertCode(sql: TestStores['sql'], options: CodeOptions): Promise<string> {
  const code = `C${randomUUID().slice(0, 13)}`
  const [group] = await sql<{ id: number }>('INSERT INTO groups (name) VALUES ($1) RETURNING id', [`group of ${code}`])
  if (options.seats !== 0) {
    await sql('INSERT INTO teams (group_id, name, max_seats) VALUES ($1, $2, $3)', [
      group?.id,
      `team of ${code}`,
      options.seats ?? 1_000,
    ])
  }
  await sql(
    `INSERT INTO redeem_codes (code, group_id, kind, max_uses, is_active, valid_until, refill_per_second, activity_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      code,
      group?.id,
      options.kind ?? 'shared',
      options.maxUses ?? (options.kind === 'personal' ? 1 : 10),
      options.isActive ?? true,
      options.validUntil ?? null,
      options.refillPerSecond ?? null,
      options.activityId ?? null,
    ],
  )
  return code
}

async function insertActivity(
  sql: TestStores['sql'],
  { tenant = 'public', releasePerSecond = 100 }: { tenant?: string; releasePerSecond?: number },
): Promise<string> {
  const [activity] = await sql<{ id: string }>(
    `INSERT INTO activities (id, tenant, name, status, release_per_second, opened_at)
     VALUES (gen_random_uuid(), $1, 'a test activity', 'open', $2, now()) RETURNING id`,
    [tenant, releasePerSecond],
  )
  return activity?.id ?? ''
}

async function settleStreams(db: Database, redis: RedisClient, keys: Keys): Promise<number> {
  let settled = 0
  for (let shard = 0; shard < keys.shards; shard++) {
    const entries = await redis.xrange(keys.stream(shard), '-', '+')
    if (entries.length === 0) continue
    const accepted: AcceptedRedemption[] = entries.map(([entry, [, id = '', , code = '', , email = '']]) => ({
      id,
      code,
      email,
      acceptedAt: new Date(Number.parseInt(entry, 10)),
    }))
    await commitAccepted(db, accepted, DEADLINE_SECONDS)
    await redis.xdel(keys.stream(shard), ...entries.map(([entry]) => entry))
    await redis.hdel(keys.uncommitted(shard), ...accepted.map(({ id }) => id))
    settled += entries.length
  }
  return settled
}

/** A deadline that tests control. */
export function createTestDeadline(ms = 10_000) {
  const controller = new AbortController()
  const endsAt = performance.now() + ms
  return {
    remainingMs: () => Math.max(0, endsAt - performance.now()),
    signal: controller.signal,
    abort: () => controller.abort(),
  }
}
