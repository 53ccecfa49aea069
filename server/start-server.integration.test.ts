import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serverConfig } from './config.ts'
import { parseEnvironment } from './environment.ts'
import { LIMITER_MODES } from './limiters/limiter.ts'
import { createLogger } from './logger.ts'
import { startServer } from './start-server.ts'
import { createTestStores, type TestStores } from './testing/test-stores.ts'

/** Listens and never says a word. @returns its port */
async function startSilent(): Promise<number> {
  const server: Server = createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

describe('starting a server', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  async function start(environment: Record<string, string> = {}) {
    const config = parseEnvironment(serverConfig, {
      DATABASE_URL: stores.databaseUrl,
      REDIS_URL: stores.redisUrl,
      REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
      LIMITER_MODE: 'none',
      PORT: '0',
      ...environment,
    })
    const server = await startServer(config, createLogger('silent', 'server'))
    onTestFinished(server.close)
    return server
  }
  const connectionsToPostgres = async () =>
    (await stores.sql('SELECT 1 FROM pg_stat_activity WHERE datname = current_database()')).length

  test.each(LIMITER_MODES)('%s: both ports answer', async (mode) => {
    const server = await start({ LIMITER_MODE: mode })
    expect(await (await fetch(new URL('/health', server.url))).json()).toEqual({ status: 'up' })
    const ready = await fetch(new URL('/health/ready', server.opsUrl))
    expect(ready.status).toBe(200)
    expect(await ready.json()).toMatchObject({ status: 'ready', dependencies: { postgres: { up: true } } })
    expect(await (await fetch(new URL('/metrics', server.opsUrl))).text()).toContain('redeem_requests_total')
    const some = new URL('/metrics?name[]=limiter_waiting&name[]=unheard_of&name[]=db_pool_connections', server.opsUrl)
    const families = [...(await (await fetch(some)).text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(families).toEqual(['limiter_waiting', 'db_pool_connections'])
  })

  test('REDIS_CONNECTIONS: so many connections are open for the limiter', async () => {
    const connections = async (count: string) => {
      const { opsUrl } = await start({ LIMITER_MODE: 'token-bucket', REDIS_CONNECTIONS: count })
      const text = await (await fetch(new URL('/metrics', opsUrl))).text()
      return Number(/^redis_connections\{state="ready"\} (\d+)/m.exec(text)?.[1])
    }
    expect((await connections('5')) - (await connections('1'))).toBe(4)
  })

  test('closing it twice does no harm', async () => {
    const server = await start()
    await Promise.all([server.close(), server.close()])
    await expect(fetch(new URL('/health', server.url))).rejects.toThrow()
  })

  test.each(['PORT', 'OPS_PORT'])('%s taken: it says which, and leaves no connection behind', async (variable) => {
    const before = await connectionsToPostgres()
    const port = await startSilent()
    await expect(start({ [variable]: String(port) })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`)
    await expect.poll(connectionsToPostgres, { timeout: 10_000 }).toBeLessThanOrEqual(before)
  })

  test.each(['none', 'token-bucket'])('%s: an unreachable Postgres is named', async (mode) => {
    const started = start({ LIMITER_MODE: mode, DATABASE_URL: 'postgres://x@127.0.0.1:1/x' })
    await expect(started).rejects.toThrow('Postgres cannot be reached: connect ECONNREFUSED 127.0.0.1:1')
  })

  test('a silent Postgres, a silent Redis and one that is not there are given up', async () => {
    const port = await startSilent()
    const stores = [
      [{ DATABASE_URL: `postgres://x@127.0.0.1:${port}/x` }, 'Postgres cannot be reached'],
      [{ REDIS_URL: `redis://127.0.0.1:${port}` }, 'Redis cannot be reached'],
      [{ REDIS_URL: 'redis://127.0.0.1:1' }, 'Redis cannot be reached'],
    ] as const
    await Promise.all(stores.map(([environment, complaint]) => expect(start(environment)).rejects.toThrow(complaint)))
  })
})
