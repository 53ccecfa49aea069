import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serverConfig } from './config.ts'
import { readConnectionSettings, reckonBudget } from './db/connection-budget.ts'
import { parseEnvironment } from './environment.ts'
import { createLogger } from './logger.ts'
import { listProcesses, type ProcessDescription, registerProcess } from './redis/process-registry.ts'
import { startServer } from './start-server.ts'
import { createTestStores, type TestStores } from './testing/test-stores.ts'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const OTHER: ProcessDescription = { kind: 'worker', ops_url: '', pool_max: 0, concurrency: 20, mode: 'none' }

describe('a process joins the system', () => {
  let stores: TestStores
  let allowed = 0
  beforeAll(async () => {
    stores = await createTestStores()
    allowed = reckonBudget(await readConnectionSettings(stores.db.sequelize), []).allowed
  })
  afterAll(() => stores.close())

  const environment = () => ({
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl,
    REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
    PORT: '0',
    DB_POOL_MAX: '5',
  })
  const start = () => startServer(parseEnvironment(serverConfig, environment()), createLogger('silent', 'server'))
  const kinds = async () => (await listProcesses(stores)).map(({ kind }) => kind)

  test('stands in the registry from its start to its end', async () => {
    const server = await start()
    onTestFinished(server.close)
    expect(await listProcesses(stores)).toMatchObject([
      { kind: 'server', ops_url: server.opsUrl, pool_max: 5, mode: 'token-bucket', pid: process.pid },
    ])
    await server.close()
    expect(await kinds()).toEqual([])
  })

  test('starts when its pool just fits beside those of the others', async () => {
    const other = await registerProcess(stores, { ...OTHER, pool_max: allowed - 5 })
    onTestFinished(other.close)
    const server = await start()
    onTestFinished(server.close)
    expect(await kinds()).toEqual(['worker', 'server'])
  })

  test('refuses to start when it does not, in one line, with 3, and leaves the registry', async () => {
    const other = await registerProcess(stores, { ...OTHER, pool_max: allowed - 4 })
    onTestFinished(other.close)
    const env = { ...process.env, ...environment() }
    const ended = await run(process.execPath, ['--import', import.meta.resolve('tsx'), MAIN], { env }).catch(
      (error) => error,
    )
    expect(ended.code).toBe(3)
    expect(ended.stderr.trim().split('\n').length).toBe(1)
    expect(ended.stderr).toContain(`redline server: The pools of all processes could open ${allowed + 1} connections`)
    expect(ended.stderr).toContain(`(worker ${allowed - 4} + server 5), and Postgres gives ${allowed}`)
    expect(await kinds()).toEqual(['worker'])
  })

  test('one that died without a word does not keep its successor out', async () => {
    const dead = { ...OTHER, id: 'dead', pool_max: allowed, started_at: '2000-01-01T00:00:00.000Z' }
    await stores.redis.sadd(stores.keys.processes, 'dead')
    await stores.redis.set(stores.keys.process('dead'), JSON.stringify(dead), 'PX', 9_900)
    const server = await start()
    onTestFinished(server.close)
    expect(await kinds()).toContain('server')
    await stores.redis.del(stores.keys.process('dead'))
  })

  test('tells what it depends on', async () => {
    const server = await start()
    onTestFinished(server.close)
    const metrics = async () => (await fetch(new URL('/metrics', server.opsUrl))).text()
    await expect.poll(metrics, { timeout: 10_000 }).toContain('dependency_up{dependency="postgres"} 1')
    await expect.poll(metrics, { timeout: 10_000 }).toContain('dependency_up{dependency="redis"} 1')
    expect(await metrics()).toContain('circuit_breaker_state{dependency="redis"} 0')
  })
})
