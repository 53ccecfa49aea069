import { randomBytes } from 'node:crypto'
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { findProgram } from './loadtests/sut/find-program.ts'
import { clearLeftovers } from './loadtests/sut/leftovers.ts'
import { startPostgres } from './loadtests/sut/postgres.ts'
import { startRedis } from './loadtests/sut/redis.ts'
import { createRunDirectory } from './loadtests/sut/run-directory.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of an administrator: each test file makes a database of its own. */
    databaseUrl: string
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
    databaseUrl ? null : startPostgres({ directory }),
    redisUrl ? null : startRedis({ directory }),
  ])
  const teardown = async () => {
    await Promise.all(started.map((store) => (store.status === 'fulfilled' ? store.value?.stop() : undefined)))
    await directory.remove()
  }
  const failed = started.find((store) => store.status === 'rejected')
  if (failed) {
    await teardown()
    throw failed.reason
  }
  const [postgres, redis] = started.map((store) => (store.status === 'fulfilled' ? store.value : null))
  project.provide('databaseUrl', databaseUrl ?? postgres?.url ?? '')
  project.provide('redisProgram', findProgram(['redis-server', 'valkey-server']) ?? '')
  project.provide('redisUrl', redisUrl ?? redis?.url ?? '')
  return teardown
}
