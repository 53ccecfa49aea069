import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { LimiterMode } from './limiters/limiter.ts'
import { type ForkedServer, forkServer } from './testing/fork-server.ts'
import { createTestStores, type TestStores } from './testing/test-stores.ts'

const INSTANCES = 10

describe('ten server instances on ten ports', { timeout: 180_000 }, () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  async function startInstances(mode: LimiterMode, overrides: Record<string, string> = {}): Promise<ForkedServer[]> {
    const environment = {
      DATABASE_URL: stores.databaseUrl,
      REDIS_URL: stores.redisUrl,
      REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
      LEDGER_SHARDS: String(stores.keys.shards),
      LIMITER_MODE: mode,
      PORT: '0',
      DB_POOL_MAX: '4',
      IP_LIMIT_PER_MINUTE: '0',
      FAILED_TRIES_PER_MINUTE: '0',
      ...overrides,
    }
    const instances: ForkedServer[] = []
    onTestFinished(async () => void (await Promise.all(instances.map((instance) => instance.close()))))
    // Two at a time: the machine may be small.
    for (let n = 0; n < INSTANCES; n += 2)
      instances.push(...(await Promise.all([forkServer(environment), forkServer(environment)])))
    expect(new Set(instances.map(({ url }) => url)).size).toBe(INSTANCES)
    return instances
  }
  async function redeem(instance: ForkedServer | undefined, code: string, email: string): Promise<number> {
    const response = await fetch(new URL('/api/v1/public/direct-redeem', instance?.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code, email }),
    })
    await response.arrayBuffer()
    return response.status
  }
  const redeemAll = (instances: readonly ForkedServer[], code: string, people: number) =>
    Promise.all(
      Array.from({ length: people }, (_, n) => redeem(instances[n % INSTANCES], code, `person${n}@example.test`)),
    )

  test('share one bucket: a code with 100 uses is taken 100 times, by 400 people', async () => {
    const instances = await startInstances('token-bucket')
    const code = await stores.createCode({ maxUses: 100 })
    const statuses = await redeemAll(instances, code, 400)
    expect(statuses.filter((status) => status === 202).length).toBe(100)
    expect(statuses.filter((status) => status === 409).length).toBe(300)
    await stores.settle()
    const [row] = await stores.sql<{ used_count: number }>('SELECT used_count FROM redeem_codes WHERE code = $1', [
      code,
    ])
    expect(row?.used_count).toBe(100)
  })

  test('share one semaphore: with 6 places, exactly 6 of 100 are in the database at once', async () => {
    const instances = await startInstances('redis-semaphore', {
      SEMAPHORE_LIMIT: '6',
      // One instance may happen to hold all places.
      DB_POOL_MAX: '6',
      SEMAPHORE_MAX_WAIT_MS: '60000',
      SEMAPHORE_LEASE_MS: '60000',
      REQUEST_DEADLINE_MS: '60000',
      STATEMENT_TIMEOUT_MS: '50000',
    })
    const code = await stores.createCode({ maxUses: 100 })
    const gate = await lockCode(code)
    const answers = redeemAll(instances, code, 100)
    await expect.poll(countWaiting, { timeout: 30_000 }).toBe(6)
    // All the others have had the time to come in, if they could.
    for (let look = 0; look < 20; look++) {
      await sleep(50)
      expect(await countWaiting()).toBe(6)
    }
    await gate.query('ROLLBACK')
    expect(await answers).toEqual(Array.from({ length: 100 }, () => 202))
  })

  /** Holds the code's row, so that everybody who was let in stands still behind it. */
  async function lockCode(code: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: stores.databaseUrl })
    await client.connect()
    onTestFinished(() => client.end())
    await client.query('BEGIN')
    await client.query('SELECT 1 FROM redeem_codes WHERE code = $1 FOR UPDATE', [code])
    return client
  }
  /** Asked on a connection of its own: within a transaction Postgres would repeat what it said first. */
  async function countWaiting(): Promise<number> {
    const [row] = await stores.sql<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return row?.waiting ?? 0
  }
})
