import { randomBytes } from 'node:crypto'
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { dropDatabase, createDatabase as makeDatabase } from './loadtests/sut/database.ts'
import { findProgram } from './loadtests/sut/find-program.ts'
import { clearLeftovers } from './loadtests/sut/leftovers.ts'
import { startPostgres } from './loadtests/sut/postgres.ts'
import { startRedis } from './loadtests/sut/redis.ts'
import { createRunDirectory } from './loadtests/sut/run-directory.ts'
import { createDatabase } from './server/db/database.ts'
import { migrateUp } from './server/db/migrate.ts'
import { createMetrics } from './server/metrics/metrics.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of an administrator: each test file makes a database of its own. */
    databaseUrl: string
    /** A migrated database without rows, to be copied. */
    templateDatabase: string
    /** Shared by all test files: each uses a key prefix of its own. */
    redisUrl: string
    /** Path of redis-server or valkey-server, for tests that need several; empty where there is none. */
    redisProgram: string
  }
}

/** One Postgres and one Redis for all tests of a run; TEST_DATABASE_URL and TEST_REDIS_URL name others. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl } = process.env
  await clearLeftovers()
  const directory = createRunDirectory(`tests-${randomBytes(6).toString('hex')}`)
  const started = await Promise.allSettled([
    // No test pulls the plug: what a process wrote outlives its kill without being synced.
    databaseUrl ? null : startPostgres({ directory, settings: { fsync: 'off' } }),
    redisUrl ? null : startRedis({ directory }),
  ])
  const template = `test_template_${randomBytes(6).toString('hex')}`
  const teardown = async () => {
    if (databaseUrl) await dropDatabase(databaseUrl, template)
    await Promise.all(started.map((store) => (store.status === 'fulfilled' ? store.value?.stop() : undefined)))
    await directory.remove()
  }
  const failed = started.find((store) => store.status === 'rejected')
  if (failed) {
    await teardown()
    throw failed.reason
  }
  const [postgres, redis] = started.map((store) => (store.status === 'fulfilled' ? store.value : null))
  const adminUrl = databaseUrl ?? postgres?.url ?? ''
  try {
    await migrateInto(await makeDatabase(adminUrl, template))
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('databaseUrl', adminUrl)
  project.provide('templateDatabase', template)
  project.provide('redisProgram', findProgram(['redis-server', 'valkey-server']) ?? '')
  project.provide('redisUrl', redisUrl ?? redis?.url ?? '')
  return teardown
}

/** Once for all test files: the migrations take longer than a copy of what they make. */
async function migrateInto(url: string): Promise<void> {
  const limits = { poolMax: 2, acquireMs: 30_000, statementTimeoutMs: 30_000 }
  const db = createDatabase({ url, ...limits, cause: 'request', metrics: createMetrics() })
  await migrateUp(db.sequelize).finally(() => db.close())
}
