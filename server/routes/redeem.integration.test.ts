import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serverConfig } from '../config.ts'
import { beginRefund } from '../db/ledger/refund.ts'
import { parseEnvironment } from '../environment.ts'
import { LIMITER_MODES, type LimiterMode } from '../limiters/limiter.ts'
import { createLogger } from '../logger.ts'
import { startServer } from '../start-server.ts'
import { createTcpProxy } from '../testing/tcp-proxy.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

const PATH = '/api/v1/public/direct-redeem'

describe('the redeem API', () => {
  let stores: TestStores
  const logs: string[] = []
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  async function start(mode: LimiterMode, environment: Record<string, string> = {}) {
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
      ...environment,
    })
    const logger = createLogger('debug', 'server', { write: (line) => void logs.push(line) })
    const server = await startServer(config, logger)
    return server
  }

  async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
    return read(
      await fetch(new URL(PATH, url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    )
  }
  async function read(response: Response) {
    const { status, headers } = response
    const type = headers.get('content-type')?.split(';')[0]
    const retryAfter = headers.get('retry-after')
    return { status, type, retryAfter, body: (await response.json()) as Record<string, unknown> }
  }
  const problem = (status: number, code: string) => ({
    status,
    type: 'application/problem+json',
    body: { status, code, title: expect.any(String) },
  })

  describe.each(LIMITER_MODES)('in mode %s', (mode) => {
    let server: Awaited<ReturnType<typeof start>>
    beforeAll(async () => {
      server = await start(mode)
    })
    afterAll(() => server.close())
    const redeem = (code: string, email: string) => post(server.url, { email, code })

    test('accepts, and tells the status right after', async () => {
      const code = await stores.createCode()
      const accepted = await redeem(code, 'Someone@Example.test ')
      const id = String(accepted.body.redemption_id)
      const statusUrl = `/api/v1/public/redemptions/${id}`
      expect(accepted.status).toBe(202)
      expect(accepted.type).toBe('application/json')
      expect(accepted.body).toEqual({ redemption_id: id, status: 'reserved', status_url: statusUrl })

      for (const url of [
        statusUrl,
        statusUrl.toUpperCase().replace('/API/V1/PUBLIC/REDEMPTIONS', '/api/v1/public/redemptions'),
      ]) {
        const status = await read(await fetch(new URL(url, server.url)))
        expect(status.status).toBe(200)
        expect(status.body).toEqual({
          redemption_id: id,
          status: 'reserved',
          accepted_at: expect.stringMatching(/^\d{4}-/),
          sent_at: null,
          refund_reason: null,
        })
      }
      await stores.settle()
      const settled = await read(await fetch(new URL(statusUrl, server.url)))
      expect(settled.body).toMatchObject({ redemption_id: id, status: 'reserved' })
    })

    test('a repeat is the same redemption, however the address is written', async () => {
      const code = await stores.createCode()
      const [first, second] = [await redeem(code, 'a@example.test'), await redeem(code, ' A@EXAMPLE.test')]
      expect(second.status).toBe(202)
      expect(second.body.redemption_id).toBe(first.body.redemption_id)
      await stores.settle()
    })

    test('unknown and deactivated codes get the same answer', async () => {
      const unknown = await redeem('NO-SUCH-CODE', 'a@example.test')
      const inactive = await redeem(await stores.createCode({ isActive: false }), 'a@example.test')
      expect(unknown).toMatchObject(problem(404, 'code_not_found'))
      expect(inactive).toEqual(unknown)
    })

    test('used-up and expired codes say so', async () => {
      const usedUp = await redeem(await stores.createCode({ maxUses: 0 }), 'a@example.test')
      expect(usedUp).toMatchObject(problem(409, 'used_up'))
      const expired = await redeem(await stores.createCode({ validUntil: new Date(0) }), 'a@example.test')
      expect(expired).toMatchObject(problem(410, 'expired'))
    })

    test('a refund under way: 409, to be tried again', async () => {
      const code = await stores.createCode()
      const { body } = await redeem(code, 'a@example.test')
      await stores.settle()
      await beginRefund(stores.db, String(body.redemption_id), 'deadline_passed')
      const answer = await redeem(code, 'a@example.test')
      expect(answer).toMatchObject(problem(409, 'refund_pending'))
      expect(Number(answer.retryAfter)).toBeGreaterThan(0)
    })
  })

  describe('bad input', () => {
    let server: Awaited<ReturnType<typeof start>>
    beforeAll(async () => {
      server = await start('none')
    })
    afterAll(() => server.close())

    const good = { email: 'a@example.test', code: 'CODE' }
    test.each<[string, unknown, number, string]>([
      ['wrong JSON', '{"email":', 400, 'malformed_json'],
      ['no object', '[]', 400, 'invalid_request'],
      ['nothing', '', 400, 'invalid_request'],
      ['no email', { code: 'CODE' }, 400, 'invalid_request'],
      ['a number as email', { ...good, email: 5 }, 400, 'invalid_request'],
      ['a list as code', { ...good, code: ['CODE'] }, 400, 'invalid_request'],
      ['null as code', { ...good, code: null }, 400, 'invalid_request'],
      ['an empty code', { ...good, code: ' ' }, 400, 'invalid_request'],
      ['no address', { ...good, email: 'somebody' }, 400, 'invalid_request'],
      ['an over-long email', { ...good, email: `${'a'.repeat(250)}@example.test` }, 400, 'invalid_request'],
      ['an over-long code', { ...good, code: 'C'.repeat(65) }, 400, 'invalid_request'],
      ['an unknown field', { ...good, admin: true }, 400, 'invalid_request'],
      ['a NUL byte', { ...good, code: 'C\0' }, 400, 'invalid_request'],
      ['a body over 10 KB', { ...good, code: 'C'.repeat(11_000) }, 413, 'too_large'],
    ])('%s', async (_, body, status, code) => {
      expect(await post(server.url, body)).toMatchObject(problem(status, code))
    })

    test('tells which fields are faulty', async () => {
      const { body } = await post(server.url, { email: 'x', code: 'C'.repeat(65) })
      expect(body.detail).toMatch(/email: .*; code: /)
    })

    test.each(['text/plain', 'application/x-www-form-urlencoded'])('a body of type %s: 415', async (type) => {
      const answer = await post(server.url, JSON.stringify(good), { 'content-type': type })
      expect(answer).toMatchObject(problem(415, 'not_json'))
    })

    test('an unknown route, method or redemption: 404', async () => {
      expect(await read(await fetch(new URL('/nowhere', server.url)))).toMatchObject(problem(404, 'no_such_route'))
      expect(await read(await fetch(new URL(PATH, server.url)))).toMatchObject(problem(404, 'no_such_route'))
      for (const id of ['x', '00000000-0000-4000-8000-000000000000']) {
        const answer = await read(await fetch(new URL(`/api/v1/public/redemptions/${id}`, server.url)))
        expect(answer).toMatchObject(problem(404, 'redemption_not_found'))
      }
    })
  })

  describe('a store that is away', () => {
    test.each([
      ['redis-semaphore', 'Redis'],
      ['token-bucket', 'Redis'],
      ['none', 'Postgres'],
      ['in-process', 'Postgres'],
      ['redis-semaphore', 'Postgres'],
    ] as const)('%s without %s: 503 with Retry-After, and well again afterwards', async (mode, store) => {
      const code = await stores.createCode()
      const proxy = await createTcpProxy(store === 'Redis' ? stores.redisUrl : stores.databaseUrl)
      onTestFinished(proxy.close)
      const server = await start(mode, {
        [store === 'Redis' ? 'REDIS_URL' : 'DATABASE_URL']: proxy.url,
        REQUEST_DEADLINE_MS: '500',
      })
      const statusFor = async (email: string) => (await post(server.url, { email, code })).status
      onTestFinished(server.close)
      await expect.poll(() => statusFor('a@example.test')).toBe(202)
      proxy.cut()
      for (const email of ['a@example.test', 'b@example.test', 'c@example.test']) {
        const answer = await post(server.url, { email, code })
        expect(answer).toMatchObject(problem(503, 'unavailable'))
        expect(Number(answer.retryAfter)).toBeGreaterThan(0)
      }
      proxy.heal()
      await expect.poll(() => statusFor('d@example.test')).toBe(202)
      await stores.settle()
    })

    test.each(['none', 'in-process', 'token-bucket'] as const)(
      '%s with a store that is silent: 503 in time',
      async (mode) => {
        const code = await stores.createCode()
        const proxy = await createTcpProxy(mode === 'token-bucket' ? stores.redisUrl : stores.databaseUrl)
        onTestFinished(proxy.close)
        const server = await start(mode, {
          [mode === 'token-bucket' ? 'REDIS_URL' : 'DATABASE_URL']: proxy.url,
          REQUEST_DEADLINE_MS: '300',
          STATEMENT_TIMEOUT_MS: '300',
        })
        onTestFinished(server.close)
        const statusFor = async (email: string) => (await post(server.url, { email, code })).status
        await expect.poll(() => statusFor('a@example.test')).toBe(202)
        proxy.freeze()
        expect(await post(server.url, { email: 'b@example.test', code })).toMatchObject(problem(503, 'unavailable'))
        proxy.heal()
        await expect.poll(() => statusFor('c@example.test')).toBe(202)
        await stores.settle()
      },
    )

    test('the status of what only Redis knows: 503, not 404', async () => {
      const code = await stores.createCode()
      const proxy = await createTcpProxy(stores.redisUrl)
      onTestFinished(proxy.close)
      const server = await start('token-bucket', { REDIS_URL: proxy.url })
      onTestFinished(server.close)
      const { body } = await post(server.url, { email: 'a@example.test', code })
      proxy.cut()
      const answer = await read(await fetch(new URL(String(body.status_url), server.url)))
      expect(answer).toMatchObject(problem(503, 'unavailable'))
      await stores.settle()
    })
  })

  test('a server that closes lets requests under way finish, and does not wait for those who stay connected', async () => {
    const server = await start('none')
    const code = await stores.createCode({ maxUses: 1_000 })
    let going = true
    const clients = Array.from({ length: 4 }, async (_, n) => {
      const answers: number[] = []
      for (let turn = 0; going; turn++) {
        const answer = await post(server.url, { email: `p${n}-${turn}@example.test`, code }).catch(() => undefined)
        if (answer === undefined) break
        answers.push(answer.status)
      }
      return answers
    })
    await expect
      .poll(async () => (await stores.sql('SELECT 1 FROM redemptions WHERE code = $1', [code])).length)
      .toBeGreaterThan(20)
    await server.close()
    going = false
    expect(new Set((await Promise.all(clients)).flat())).toEqual(new Set([202]))
  })

  test('no log line of all this holds an address or a code', async () => {
    const code = await stores.createCode({ maxUses: 1 })
    const proxy = await createTcpProxy(stores.databaseUrl)
    onTestFinished(proxy.close)
    const server = await start('none', { DATABASE_URL: proxy.url, REQUEST_DEADLINE_MS: '300' })
    onTestFinished(server.close)
    await post(server.url, { email: 'secret-person@example.test', code })
    await post(server.url, { email: 'other-person@example.test', code })
    proxy.cut()
    await post(server.url, { email: 'third-person@example.test', code })
    const all = logs.join('\n')
    expect(all).toContain('request failed')
    expect(all).not.toContain('example.test')
    for (const { code: name } of await stores.sql<{ code: string }>('SELECT code FROM redeem_codes'))
      expect(all).not.toContain(name)
  })
})
