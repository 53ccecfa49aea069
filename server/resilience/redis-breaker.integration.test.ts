import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serverConfig } from '../config.ts'
import { parseEnvironment } from '../environment.ts'
import { createLogger } from '../logger.ts'
import { startServer } from '../start-server.ts'
import { createTcpProxy } from '../testing/tcp-proxy.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

describe('the breaker in front of Redis', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  async function start(mode: string) {
    // Buckets wait for what earlier tests left in the streams.
    await stores.settle()
    const proxy = await createTcpProxy(stores.redisUrl)
    onTestFinished(proxy.close)
    const config = parseEnvironment(serverConfig, {
      DATABASE_URL: stores.databaseUrl,
      REDIS_URL: proxy.url,
      REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
      LEDGER_SHARDS: String(stores.keys.shards),
      LIMITER_MODE: mode,
      DB_POOL_MAX: '5',
      PORT: '0',
      IP_LIMIT_PER_MINUTE: '0',
      FAILED_TRIES_PER_MINUTE: '0',
      // Longer than a test may take: whoever waited for it would fail.
      REQUEST_DEADLINE_MS: '120000',
      SEMAPHORE_MAX_WAIT_MS: '120000',
    })
    const server = await startServer(config, createLogger('silent', 'server'))
    onTestFinished(server.close)
    return { proxy, server }
  }
  async function redeem(url: string, code: string) {
    const response = await fetch(new URL('/api/v1/public/direct-redeem', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: `${crypto.randomUUID()}@example.test`, code }),
    })
    await response.text()
    return { status: response.status, retryAfter: response.headers.get('retry-after') }
  }
  async function stateOf(opsUrl: string) {
    const text = await (await fetch(new URL('/metrics', opsUrl))).text()
    return /circuit_breaker_state\{dependency="redis"\} (\d)/.exec(text)?.[1]
  }

  test.each([
    ['token-bucket', 'cut'],
    ['token-bucket', 'freeze'],
    ['redis-semaphore', 'cut'],
    ['redis-semaphore', 'freeze'],
  ] as const)('%s, %s: refused long before the deadline, and served again when it is back', async (mode, how) => {
    const { proxy, server } = await start(mode)
    const code = await stores.createCode({ maxUses: 100 })
    expect((await redeem(server.url, code)).status).toBe(202)
    proxy[how]()
    const answers = await Promise.all(Array.from({ length: 10 }, () => redeem(server.url, code)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(await stateOf(server.opsUrl)).toBe('2')
    expect(await redeem(server.url, code)).toEqual({ status: 503, retryAfter: '1' })
    proxy.heal()
    await expect.poll(async () => (await redeem(server.url, code)).status, { timeout: 20_000 }).toBe(202)
    expect(await stateOf(server.opsUrl)).toBe('0')
  })

  test('an absence that is over in a moment opens nothing, and nobody is refused', async () => {
    const { proxy, server } = await start('token-bucket')
    const code = await stores.createCode({ maxUses: 100 })
    await redeem(server.url, code)
    const answers = Array.from({ length: 30 }, () => redeem(server.url, code))
    proxy.breakConnections()
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([202]))
    expect(await stateOf(server.opsUrl)).toBe('0')
  })
})
