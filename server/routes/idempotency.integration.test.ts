import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serverConfig } from '../config.ts'
import { beginRefund, finishRefund } from '../db/ledger/refund.ts'
import { parseEnvironment } from '../environment.ts'
import { LIMITER_MODES } from '../limiters/limiter.ts'
import { createLogger } from '../logger.ts'
import { type RunningServer, startServer } from '../start-server.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

describe.each(LIMITER_MODES)('an idempotency key in mode %s', (mode) => {
  let stores: TestStores
  let servers: RunningServer[]
  beforeAll(async () => {
    stores = await createTestStores()
    const config = parseEnvironment(serverConfig, {
      DATABASE_URL: stores.databaseUrl,
      REDIS_URL: stores.redisUrl,
      REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
      LEDGER_SHARDS: String(stores.keys.shards),
      LIMITER_MODE: mode,
      PORT: '0',
      DB_POOL_MAX: '5',
      IP_LIMIT_PER_MINUTE: '0',
      FAILED_TRIES_PER_MINUTE: '0',
    })
    const start = () => startServer(config, createLogger('silent', 'test'))
    servers = [await start(), await start()]
  })
  afterAll(async () => {
    for (const server of servers) await server.close()
    await stores.close()
  })

  async function redeem(key: string | undefined, body: unknown, { path = 'direct-redeem', server = 0 } = {}) {
    const response = await fetch(new URL(`/api/v1/public/${path}`, servers[server]?.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as Record<string, unknown>
    return { status: response.status, id: answer['redemption_id'] as string, code: answer['code'] }
  }
  async function usedCount(code: string) {
    await stores.settle()
    const [row] = await stores.sql<{ used_count: number }>('SELECT used_count FROM redeem_codes WHERE code = $1', [
      code,
    ])
    return row?.used_count
  }

  test('gives the same redemption again, over two servers, before and after it is in Postgres', async () => {
    const code = await stores.createCode()
    const body = { code, email: 'a@example.test' }
    const first = await redeem('key-1', body)
    expect(first.status).toBe(202)
    expect(await redeem('key-1', body, { server: 1 })).toEqual(first)
    await stores.settle()
    expect(await redeem('key-1', { code, email: ' A@example.test' })).toEqual(first)
    expect(await usedCount(code)).toBe(1)
  })

  test('fifty at once: one redemption, one use', async () => {
    const code = await stores.createCode({ maxUses: 60 })
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => redeem('key-2', { code, email: 'b@example.test' }, { server: n % 2 })),
    )
    expect(new Set(answers.map(({ status, id }) => `${status} ${id}`)).size).toBe(1)
    expect(await usedCount(code)).toBe(1)
  })

  test('with another body is 422, and takes nothing, also at the same time', async () => {
    const code = await stores.createCode()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => redeem('key-3', { code, email: `c${n}@example.test` }, { server: n % 2 })),
    )
    expect(answers.filter(({ status }) => status === 202).length).toBe(1)
    for (const { status, code: problem } of answers)
      if (status !== 202) expect([status, problem]).toEqual([422, 'idempotency_key_reused'])
    expect(await usedCount(code)).toBe(1)
    expect((await redeem('key-3', { code, email: 'c0@example.test' }, { path: 'redeem' })).status).toBe(422)
  })

  test('still stands for its redemption when that was refunded: no second use', async () => {
    const code = await stores.createCode({ maxUses: 1 })
    const body = { code, email: 'd@example.test' }
    const { id } = await redeem('key-4', body)
    await stores.settle()
    await beginRefund(stores.db, id, 'deadline_passed')
    await finishRefund(stores.db, id)
    expect(await redeem('key-4', body)).toMatchObject({ status: 202, id })
    expect(await usedCount(code)).toBe(0)
  })

  test('is not kept for a refusal', async () => {
    const soldOut = await stores.createCode({ maxUses: 0 })
    expect((await redeem('key-5', { code: soldOut, email: 'e@example.test' })).status).toBe(409)
    expect((await redeem('key-5', { code: await stores.createCode(), email: 'e@example.test' })).status).toBe(202)
  })

  test('used after a redemption without one stands for that', async () => {
    const code = await stores.createCode()
    const body = { code, email: 'f@example.test' }
    const { id } = await redeem(undefined, body)
    expect(await redeem('key-6', body)).toMatchObject({ status: 202, id })
    expect(await redeem('key-6', body)).toMatchObject({ status: 202, id })
    expect(await usedCount(code)).toBe(1)
  })

  test('that was claimed by a server which died before it took the use is taken up', async () => {
    const code = await stores.createCode()
    const body = { code, email: 'g@example.test' }
    const { id } = await redeem('key-7', body)
    // As if the answer had been lost together with everything after the claim.
    await stores.settle()
    await beginRefund(stores.db, id, 'deadline_passed')
    await stores.sql('DELETE FROM outbox WHERE redemption_id = $1', [id])
    await stores.sql('DELETE FROM redemptions WHERE id = $1', [id])
    await stores.redis.del(stores.keys.bucket(code), stores.keys.holders(code))
    expect(await redeem('key-7', body)).toMatchObject({ status: 202, id })
    expect(await usedCount(code)).toBe(1)
  })

  test('that is not visible ASCII or too long is 400', async () => {
    const body = { code: await stores.createCode(), email: 'h@example.test' }
    for (const key of ['with space', 'x'.repeat(256)])
      expect(await redeem(key, body)).toMatchObject({ status: 400, code: 'invalid_request' })
  })

  test('is remembered for 24 hours, by its hash alone', async () => {
    const code = await stores.createCode()
    expect((await redeem('key-8-of-a-person', { code, email: 'i@example.test' })).status).toBe(202)
    const hash = createHash('sha256').update('key-8-of-a-person').digest('hex')
    const seconds = await stores.redis.ttl(stores.keys.idempotency(hash))
    expect(seconds).toBeGreaterThan(86_400 - 60)
    expect(seconds).toBeLessThanOrEqual(86_400)
  })

  // In `redis-semaphore` heartbeats and releases come in between.
  if (mode !== 'redis-semaphore')
    test('costs one round trip more', async () => {
      const code = await stores.createCode()
      const trips = async () => {
        const metrics = await (await fetch(`${servers[0]?.opsUrl}/metrics`)).text()
        return Number(/^redis_round_trips_total\{cause="request"\} (\d+)/m.exec(metrics)?.[1] ?? 0)
      }
      const costOf = async (key: string | undefined, email: string) => {
        const before = await trips()
        expect((await redeem(key, { code, email })).status).toBe(202)
        return (await trips()) - before
      }
      await costOf(undefined, 'first@example.test')
      const without = await costOf(undefined, 'j@example.test')
      expect(await costOf('key-9', 'k@example.test')).toBe(without + 1)
    })
})
