import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { LimiterMode } from '../server/limiters/limiter.ts'
import { createTcpProxy, type TcpProxy } from '../server/testing/tcp-proxy.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { eventually } from './testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { createTestSystem, post, type TestSystem } from './testing/test-system.ts'

/** What once lost people their invites: each is provoked on real servers and must not be possible. */
describe('a use without an invite is impossible', () => {
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

  const modes: LimiterMode[] = ['none', 'in-process', 'redis-semaphore', 'token-bucket']
  const mailsOf = (id: unknown) => sink.mails.filter(({ redemptionId }) => redemptionId === id)
  async function row(code: string) {
    const [found] = await stores.sql<{ used_count: number; bound_email: string | null; activated_at: Date | null }>(
      'SELECT used_count, bound_email, activated_at FROM redeem_codes WHERE code = $1',
      [code],
    )
    return found
  }
  async function waiting(opsUrl: string) {
    const text = await (await fetch(new URL('/metrics', opsUrl))).text()
    return Number(/^invite_queue_size\{status="waiting"\} (\d+)/m.exec(text)?.[1])
  }
  async function proxyTo(url: string): Promise<TcpProxy> {
    const proxy = await createTcpProxy(url)
    onTestFinished(proxy.close)
    return proxy
  }

  describe.each(modes)('the worker is missing (%s)', (mode) => {
    test('people get 202 at once, the backlog shows, and the invites go out when a worker comes', async () => {
      const scheduler = await system.startScheduler({ LIMITER_MODE: mode })
      const server = await system.startServer({ LIMITER_MODE: mode })
      const before = await waiting(scheduler.opsUrl)
      const code = await stores.createCode()
      const answers = await Promise.all(
        Array.from({ length: 5 }, (_, n) =>
          post(server.url, 'direct-redeem', { code, email: `${mode}-early${n}@example.test` }),
        ),
      )
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202])
      await eventually(() => waiting(scheduler.opsUrl)).toBe(before + 5)
      await system.startWorker({ LIMITER_MODE: mode })
      await eventually(() => system.countByStatus(code)).toEqual({ sent: 5 })
      for (const { body } of answers) expect(mailsOf(body['redemption_id']).length).toBe(1)
    })

    test('past the deadline the use is given back, and can be taken again', async () => {
      const patient = { LIMITER_MODE: mode, REDEMPTION_DEADLINE_SECONDS: '600' }
      await system.startScheduler(patient)
      const server = await system.startServer(patient)
      const code = await stores.createCode({ maxUses: 1 })
      const redeem = (email: string) => post(server.url, 'direct-redeem', { code, email })
      expect((await redeem('late@example.test')).status).toBe(202)
      expect((await redeem('other@example.test')).body['code']).toBe('used_up')
      const expire = () =>
        stores.sql("UPDATE redemptions SET deadline_at = now() - interval '1 s' WHERE code = $1", [code])
      const secondsGiven = async () => {
        const given = 'extract(epoch FROM deadline_at - accepted_at)::int'
        const rows = await stores.sql<{ given: number }>(`SELECT ${given} AS given FROM redemptions WHERE code = $1`, [
          code,
        ])
        return rows.map((row) => row.given)
      }
      await eventually(secondsGiven).toEqual([600])
      await expire()
      await eventually(() => system.countByStatus(code)).toEqual({ refunded: 1 })
      expect(await row(code)).toMatchObject({ used_count: 0 })
      expect((await redeem('other@example.test')).status).toBe(202)
      expect(sink.mails.some(({ to }) => to === 'late@example.test')).toBe(false)
    })
  })

  test.each(modes)('Redis is down at the moment of redeeming (%s): an outbox row, or nothing taken', async (mode) => {
    const proxy = await proxyTo(stores.redisUrl)
    const given = { LIMITER_MODE: mode, REDIS_URL: proxy.url, REQUEST_DEADLINE_MS: '1000' }
    const code = await stores.createCode({ maxUses: 3 })
    await system.startScheduler(given)
    const server = await system.startServer(given)
    await system.startWorker(given)
    const redeem = (email: string) => post(server.url, 'direct-redeem', { code, email })
    await eventually(async () => (await redeem(`${mode}-before@example.test`)).status).toBe(202)
    await eventually(() => system.countByStatus(code)).toEqual({ sent: 1 })
    proxy.cut()
    const { status, retryAfter, body } = await redeem(`${mode}-meanwhile@example.test`)
    const id = `${body['redemption_id']}`
    expect([202, 503]).toContain(status)
    if (status === 202) {
      const outbox = await stores.sql<{ status: string }>('SELECT status FROM outbox WHERE redemption_id = $1', [id])
      expect(outbox).toEqual([{ status: 'pending' }])
    } else {
      expect(retryAfter).toMatch(/^\d+$/)
      expect(await row(code)).toMatchObject({ used_count: 1 })
    }
    expect(mailsOf(id)).toEqual([])
    proxy.heal()
    await eventually(async () => (await redeem(`${mode}-after@example.test`)).status).toBe(202)
    const expected = status === 202 ? 3 : 2
    await eventually(() => system.countByStatus(code)).toEqual({ sent: expected })
    expect(await row(code)).toMatchObject({ used_count: expected })
  })

  test.each(modes)('the invite fails for good (%s): the same person succeeds at the second try', async (mode) => {
    await system.startScheduler({ LIMITER_MODE: mode })
    await system.startWorker({ LIMITER_MODE: mode })
    const server = await system.startServer({ LIMITER_MODE: mode })
    const email = `${mode}-refused@example.test`
    sink.behave({ refuseRecipient: (address) => (address === email ? 550 : undefined) })
    const [shared, personal] = [await stores.createCode(), await stores.createCode({ kind: 'personal' })]
    for (const [path, code] of [
      ['direct-redeem', shared],
      ['redeem', personal],
    ] as const) {
      expect((await post(server.url, path, { code, email })).status).toBe(202)
      await eventually(() => system.countByStatus(code)).toEqual({ refunded: 1 })
      expect(await row(code)).toEqual({ used_count: 0, bound_email: null, activated_at: null })
    }
    sink.behave({})
    for (const [path, code] of [
      ['direct-redeem', shared],
      ['redeem', personal],
    ] as const) {
      await eventually(async () => (await post(server.url, path, { code, email })).status).toBe(202)
      await eventually(() => system.countByStatus(code)).toEqual({ refunded: 1, sent: 1 })
    }
    expect(await row(personal)).toEqual({ used_count: 1, bound_email: email, activated_at: expect.any(Date) })
    expect((await post(server.url, 'redeem', { code: personal, email: 'thief@example.test' })).status).toBe(404)
  })

  test('the answer of `add` is lost: one job, one invite', async () => {
    const proxy = await proxyTo(stores.redisUrl)
    const scheduler = await system.startScheduler({ LIMITER_MODE: 'none', REDIS_URL: proxy.url, RELAY_IDLE_MS: '10' })
    const server = await system.startServer({ LIMITER_MODE: 'none' })
    const code = await stores.createCode()
    proxy.loseAnswers()
    const { status, body } = await post(server.url, 'direct-redeem', { code, email: 'once@example.test' })
    expect(status).toBe(202)
    const id = `${body['redemption_id']}`
    await eventually(() => stores.redis.exists(`${stores.keys.bullPrefix}:invite:${id}`)).toBe(1)
    expect(await stores.sql('SELECT status FROM outbox WHERE redemption_id = $1', [id])).toEqual([
      { status: 'pending' },
    ])
    proxy.heal()
    await eventually(() => system.countByStatus(code)).toEqual({ enqueued: 1 })
    expect(await waiting(scheduler.opsUrl)).toBe(1)
    await system.startWorker({ LIMITER_MODE: 'none' })
    await eventually(() => system.countByStatus(code)).toEqual({ sent: 1 })
    expect(mailsOf(id).length).toBe(1)
  })
})
