import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { LimiterMode } from '../server/limiters/limiter.ts'
import { createTcpProxy } from '../server/testing/tcp-proxy.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { eventually } from './testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { createTestSystem, post, type TestSystem } from './testing/test-system.ts'

describe('the pipeline from end to end', () => {
  let stores: TestStores
  let sink: SmtpSink
  let system: TestSystem
  beforeAll(async () => {
    stores = await createTestStores()
    sink = await startSmtpSink()
    system = createTestSystem(stores, { SMTP_URL: sink.url })
  })
  afterAll(async () => {
    await sink.close()
    await stores.close()
  })

  async function startAll(mode: LimiterMode, overrides: Record<string, string> = {}) {
    const given = { LIMITER_MODE: mode, ...overrides }
    const [scheduler, worker] = [await system.startScheduler(given), await system.startWorker(given)]
    return { scheduler, worker, server: await system.startServer(given) }
  }
  const redeem = (url: string, email: string, code: string) => post(url, 'direct-redeem', { email, code })
  const countByStatus = (code: string) => system.countByStatus(code)
  const pause = (opsUrl: string, paused: boolean) =>
    fetch(new URL('/drain', opsUrl), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ paused }),
    })

  test.each(['none', 'token-bucket'] as const)('%s: everybody who was accepted gets one mail', async (mode) => {
    const { server } = await startAll(mode)
    const code = await stores.createCode({ maxUses: 40 })
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => redeem(server.url, `${mode}${n}@example.test`, code)),
    )
    const accepted = answers.filter(({ status }) => status === 202).map(({ body }) => body)
    expect(accepted.length).toBe(40)
    await eventually(() => countByStatus(code)).toEqual({ sent: 40 })
    for (const { redemption_id: id, status_url: statusUrl } of accepted as Record<string, string>[]) {
      expect(sink.mails.filter((mail) => mail.redemptionId === id).length).toBe(1)
      expect(await (await fetch(new URL(`${statusUrl}`, server.url))).json()).toMatchObject({ status: 'sent' })
    }
  })

  test('what is paused stands still, and goes on when it is resumed', async () => {
    const { server, worker, scheduler } = await startAll('token-bucket')
    const code = await stores.createCode()
    await pause(scheduler.opsUrl, true)
    await redeem(server.url, 'a@example.test', code)
    expect(await countByStatus(code)).toEqual({})
    await pause(worker.opsUrl, true)
    await pause(scheduler.opsUrl, false)
    await eventually(() => countByStatus(code)).toEqual({ enqueued: 1 })
    await pause(worker.opsUrl, false)
    await eventually(() => countByStatus(code)).toEqual({ sent: 1 })
  })

  // A claim whose COMMIT was not answered is nobody's until its lease ends.
  test('nobody is lost or mailed twice while the stores break and come back', { timeout: 120_000 }, async () => {
    const [redis, postgres] = [await createTcpProxy(stores.redisUrl), await createTcpProxy(stores.databaseUrl)]
    onTestFinished(redis.close)
    onTestFinished(postgres.close)
    const breaking = { REDIS_URL: redis.url, DATABASE_URL: postgres.url, CLAIM_LEASE_SECONDS: '30' }
    const { server } = await startAll('token-bucket', breaking)
    const code = await stores.createCode({ maxUses: 60 })
    const accepted: string[] = []
    for (let n = 0; n < 60; n++) {
      const { status, body } = await redeem(server.url, `chaos${n}@example.test`, code)
      if (status === 202) accepted.push(String(body['redemption_id']))
      if (n % 20 === 10) redis.breakConnections()
      if (n % 20 === 0) postgres.breakConnections()
    }
    expect(accepted.length).toBeGreaterThan(0)
    await eventually(async () => {
      const rows = await stores.sql<{ id: string }>("SELECT id FROM redemptions WHERE code = $1 AND status = 'sent'", [
        code,
      ])
      return accepted.filter((id) => !rows.some((row) => row.id === id)).length
    }, 90_000).toBe(0)
    for (const id of accepted) {
      const mails = sink.mails.filter((mail) => mail.redemptionId === id)
      expect(mails.length).toBeGreaterThan(0)
      expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1)
    }
    const [row] = await stores.sql<{ used: number; taken: number }>(
      `SELECT c.used_count AS used, (SELECT count(*)::int FROM redemptions r WHERE r.code = c.code AND r.active) AS taken
       FROM redeem_codes c WHERE c.code = $1`,
      [code],
    )
    expect(row?.used).toBe(row?.taken)
  })

  test('every process closes although Redis is away', async () => {
    const proxy = await createTcpProxy(stores.redisUrl)
    onTestFinished(proxy.close)
    const { server, worker, scheduler } = await startAll('redis-semaphore', { REDIS_URL: proxy.url })
    proxy.cut()
    await Promise.all([server.close(), worker.close(), scheduler.close()])
    await expect(fetch(new URL('/health', server.url))).rejects.toThrow()
  })

  test('no log line of all this holds an address or a code', async () => {
    const all = system.logs.join('\n')
    expect(all).not.toBe('')
    expect(all).not.toContain('example.test')
    for (const { code } of await stores.sql<{ code: string }>('SELECT code FROM redeem_codes'))
      expect(all).not.toContain(code)
  })
})
