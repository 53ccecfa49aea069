import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serverConfig } from '../config.ts'
import { parseEnvironment } from '../environment.ts'
import { LIMITER_MODES } from '../limiters/limiter.ts'
import { createLogger } from '../logger.ts'
import { startServer } from '../start-server.ts'
import { createTcpProxy } from '../testing/tcp-proxy.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

describe('the limits per client', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  async function start(environment: Record<string, string>) {
    const config = parseEnvironment(serverConfig, {
      DATABASE_URL: stores.databaseUrl,
      REDIS_URL: stores.redisUrl,
      REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
      LEDGER_SHARDS: String(stores.keys.shards),
      DB_POOL_MAX: '3',
      PORT: '0',
      // Each test has clients of its own, and each of them an address.
      TRUST_PROXY_HOPS: '1',
      ...environment,
    })
    const server = await startServer(config, createLogger('silent', 'server'))
    onTestFinished(server.close)
    return server
  }
  let clients = 0
  const newClient = () => `203.0.113.${++clients}`

  async function redeem(
    url: string,
    forwardedFor: string,
    code: string,
    path = 'direct-redeem',
    email = `${crypto.randomUUID()}@example.test`,
  ) {
    const response = await fetch(new URL(`/api/v1/public/${path}`, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': forwardedFor },
      body: JSON.stringify({ email, code }),
    })
    const { status, headers } = response
    const { code: problem } = (await response.json()) as { code?: string }
    const [limit, policy] = [headers.get('ratelimit'), headers.get('ratelimit-policy')]
    return { status, problem, limit, policy, retryAfter: Number(headers.get('retry-after')) }
  }
  async function metric(opsUrl: string, pattern: RegExp) {
    const text = await (await fetch(new URL('/metrics', opsUrl))).text()
    return Number(pattern.exec(text)?.[1] ?? 0)
  }

  test.each(LIMITER_MODES)('%s: one request too many is 429, with when to come back', async (mode) => {
    const server = await start({ LIMITER_MODE: mode, IP_LIMIT_PER_MINUTE: '2' })
    const code = await stores.createCode()
    const client = newClient()
    const first = await redeem(server.url, client, code)
    expect(first).toMatchObject({ status: 202, policy: '"requests";q=2;w=60, "failed-tries";q=10;w=60' })
    expect(first.limit).toBe('"requests";r=1;t=60, "failed-tries";r=10;t=0')
    await redeem(server.url, client, code, 'redeem')
    const refused = await redeem(server.url, client, code)
    expect(refused).toMatchObject({ status: 429, problem: 'too_many_requests' })
    expect(refused.limit).toMatch(/^"requests";r=0;t=\d+, "failed-tries";r=9;t=\d+$/)
    expect(refused.retryAfter).toBeGreaterThan(0)
    expect(refused.retryAfter).toBeLessThanOrEqual(60)
    expect((await redeem(server.url, newClient(), code)).status).toBe(202)
    const counted = /redeem_requests_total\{endpoint="direct-redeem",mode="[\w-]+",status="429"\} (\d+)/
    expect(await metric(server.opsUrl, counted)).toBe(1)
  })

  test('after too many failed tries not even a good code is looked at', async () => {
    const server = await start({ FAILED_TRIES_PER_MINUTE: '3' })
    const code = await stores.createCode()
    const client = newClient()
    for (let n = 0; n < 3; n++) expect((await redeem(server.url, client, `WRONG-${n}`)).status).toBe(404)
    const refused = await redeem(server.url, client, code)
    expect(refused).toMatchObject({ status: 429, problem: 'too_many_tries' })
    expect(refused.retryAfter).toBeGreaterThan(0)
    expect(await stores.redis.hlen(stores.keys.holders(code))).toBe(0)
    expect((await redeem(server.url, newClient(), code)).status).toBe(202)
  })

  test('eleven people behind one address, who do not know which kind of code they hold, are no eleven failed tries', async () => {
    const server = await start({})
    const client = newClient()
    for (let n = 0; n < 11; n++) {
      const email = `${crypto.randomUUID()}@example.test`
      const code = await stores.createCode({ kind: 'personal', maxUses: 1 })
      expect((await redeem(server.url, client, code, 'direct-redeem', email)).status).toBe(404)
      expect((await redeem(server.url, client, code, 'redeem', email)).status).toBe(202)
    }
    await expect.poll(async () => stores.redis.zcard(stores.keys.clientLogs(client).failures)).toBe(0)
    // A wrong one at both is one try; with another address it is another.
    for (const email of ['ada@example.test', 'bo@example.test'])
      for (const path of ['direct-redeem', 'redeem']) await redeem(server.url, client, 'WRONG', path, email)
    await expect.poll(async () => stores.redis.zcard(stores.keys.clientLogs(client).failures)).toBe(2)
  })

  test('a missing pass is a failed try; a code that is used up or expired is none', async () => {
    const server = await start({ FAILED_TRIES_PER_MINUTE: '2' })
    const usedUp = await stores.createCode({ maxUses: 1 })
    const expired = await stores.createCode({ validUntil: new Date(0) })
    const guarded = await stores.createCode({ activityId: await stores.createActivity() })
    const client = newClient()
    await redeem(server.url, client, usedUp)
    for (let n = 0; n < 3; n++) expect((await redeem(server.url, client, usedUp)).status).toBe(409)
    for (let n = 0; n < 3; n++) expect((await redeem(server.url, client, expired)).status).toBe(410)
    for (let n = 0; n < 2; n++) expect((await redeem(server.url, client, guarded)).status).toBe(403)
    expect((await redeem(server.url, client, usedUp)).problem).toBe('too_many_tries')
  })

  test('who only asks for a status is not limited', async () => {
    const server = await start({ IP_LIMIT_PER_MINUTE: '1', FAILED_TRIES_PER_MINUTE: '1' })
    const url = new URL(`/api/v1/public/redemptions/${crypto.randomUUID()}`, server.url)
    for (let n = 0; n < 5; n++) expect((await fetch(url)).status).toBe(404)
    expect((await redeem(server.url, newClient(), await stores.createCode())).status).toBe(202)
  })

  test('a body that is refused counts as well', async () => {
    const server = await start({ IP_LIMIT_PER_MINUTE: '1' })
    const send = () =>
      fetch(new URL('/api/v1/public/redeem', server.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': '198.51.100.9' },
        body: 'not JSON',
      })
    expect((await send()).status).toBe(400)
    expect((await send()).status).toBe(429)
  })

  test('addresses that the client invents do not help', async () => {
    const code = await stores.createCode({ maxUses: 100 })
    const direct = await start({ TRUST_PROXY_HOPS: '0', IP_LIMIT_PER_MINUTE: '3' })
    const viaNone = []
    for (let n = 0; n < 5; n++) viaNone.push((await redeem(direct.url, newClient(), code)).status)
    expect(viaNone).toEqual([202, 202, 202, 429, 429])

    const proxied = await start({ TRUST_PROXY_HOPS: '1', IP_LIMIT_PER_MINUTE: '3' })
    const client = newClient()
    const viaOne = []
    for (let n = 0; n < 5; n++) viaOne.push((await redeem(proxied.url, `${newClient()}, ${client}`, code)).status)
    expect(viaOne).toEqual([202, 202, 202, 429, 429])
  })

  test('one household of IPv6 addresses is one client', async () => {
    const server = await start({ IP_LIMIT_PER_MINUTE: '1' })
    const code = await stores.createCode()
    expect((await redeem(server.url, '2001:db8:7:7::1', code)).status).toBe(202)
    expect((await redeem(server.url, '2001:db8:7:7:ffff::2', code)).status).toBe(429)
    expect((await redeem(server.url, '2001:db8:7:8::1', code)).status).toBe(202)
  })

  test('both 0: no headers and no round trip', async () => {
    const server = await start({ IP_LIMIT_PER_MINUTE: '0', FAILED_TRIES_PER_MINUTE: '0' })
    const code = await stores.createCode()
    const trips = () => metric(server.opsUrl, /redis_round_trips_total\{cause="request"\} (\d+)/)
    await redeem(server.url, newClient(), code)
    const before = await trips()
    const answer = await redeem(server.url, newClient(), code)
    expect(answer).toMatchObject({ status: 202, limit: null, policy: null })
    expect((await trips()) - before).toBe(1)
  })

  test.each(['cut', 'freeze'] as const)('Redis away (%s): everybody is let through, and it is told', async (how) => {
    const proxy = await createTcpProxy(stores.redisUrl)
    onTestFinished(proxy.close)
    const server = await start({ LIMITER_MODE: 'none', IP_LIMIT_PER_MINUTE: '1', REDIS_URL: proxy.url })
    const code = await stores.createCode()
    const client = newClient()
    proxy[how]()
    for (let n = 0; n < 3; n++) expect((await redeem(server.url, client, code)).status).toBe(202)
    expect(await metric(server.opsUrl, /errors_total\{error_type="ip_limit_skipped"\} (\d+)/)).toBe(3)
    proxy.heal()
    await expect.poll(async () => (await redeem(server.url, client, code)).status, { timeout: 10_000 }).toBe(429)
  })
})
