import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { UnavailableError } from '../errors.ts'
import { createUseLedger } from '../redeem/reserve-use.ts'
import { connectSubscriber } from '../redis/connect.ts'
import { createTestDeadline, createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createInProcess } from './in-process.ts'
import type { Limiter } from './limiter.ts'
import { createRedisSemaphore } from './redis-semaphore.ts'

const POOL = 2
const PATIENCE = { timeout: 20_000, interval: 10 }

describe('the modes with a semaphore', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores({ poolMax: POOL })
  })
  afterAll(() => stores.close())

  const semaphore = { limit: 1, maxWaitMs: 20_000, maxWaiting: 100 }
  async function open(mode: 'in-process' | 'redis-semaphore', leaseMs = 20_000): Promise<Limiter> {
    const ledger = createUseLedger(stores.db, 900)
    const connections = { ...stores, subscribe: () => connectSubscriber(stores.connection) }
    const limiter =
      mode === 'in-process'
        ? createInProcess(ledger, semaphore)
        : createRedisSemaphore(ledger, connections, { ...semaphore, leaseMs })
    onTestFinished(() => limiter.close())
    await limiter.start()
    return limiter
  }
  const reserve = (limiter: Limiter, code: string, email: string) =>
    limiter.reserve(
      { redemptionId: stores.keys.newRedemptionId(code), code, email, kind: 'shared' },
      createTestDeadline(30_000),
    )
  /** Holds a code's row: whoever has a place stands still behind it. */
  async function lockCode(code: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: stores.databaseUrl })
    await client.connect()
    onTestFinished(() => client.end())
    await client.query('BEGIN')
    await client.query('SELECT 1 FROM redeem_codes WHERE code = $1 FOR UPDATE', [code])
    return client
  }
  async function countLockWaiters(): Promise<number | undefined> {
    const [row] = await stores.sql<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return row?.waiting
  }

  test.each(['in-process', 'redis-semaphore'] as const)('%s: who waits holds no connection', async (mode) => {
    const limiter = await open(mode)
    const code = await stores.createCode({ maxUses: 20 })
    const gate = await lockCode(code)
    const answers = Array.from({ length: 12 }, (_, n) => reserve(limiter, code, `p${n}@example.test`))
    await expect.poll(() => limiter.load(), PATIENCE).toEqual({ inUse: 1, waiting: 11 })
    // One connection is the place's; were another one held, this would wait until the gate opens.
    expect(await stores.sql('SELECT 1 AS one')).toEqual([{ one: 1 }])
    await gate.query('ROLLBACK')
    expect((await Promise.all(answers)).map(({ outcome }) => outcome)).toEqual(Array(12).fill('accepted'))
  })

  test('a lease that was lost before the commit: nothing is taken, and the person may come again', async () => {
    const leaseMs = 2_000
    const limiter = await open('redis-semaphore', leaseMs)
    const code = await stores.createCode()
    const gate = await lockCode(code)
    const late = expect(reserve(limiter, code, 'late@example.test')).rejects.toThrow(UnavailableError)
    await expect.poll(countLockWaiters, PATIENCE).toBe(1)
    await sleep(leaseMs)
    await gate.query('ROLLBACK')
    await late
    const taken = () =>
      stores.sql(
        `SELECT used_count AS uses, (SELECT count(*)::int FROM redemptions WHERE code = $1) AS rows,
                (SELECT count(*)::int FROM outbox o JOIN redemptions r ON r.id = o.redemption_id WHERE code = $1) AS queued
         FROM redeem_codes WHERE code = $1`,
        [code],
      )
    expect(await taken()).toEqual([{ uses: 0, rows: 0, queued: 0 }])
    expect(await reserve(limiter, code, 'late@example.test')).toMatchObject({ outcome: 'accepted' })
    expect(await taken()).toEqual([{ uses: 1, rows: 1, queued: 1 }])
  })
})
