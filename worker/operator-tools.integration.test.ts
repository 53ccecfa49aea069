import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serverConfig } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { createLogger } from '../server/logger.ts'
import { openMaintenanceQueue } from '../server/queue/maintenance-queue.ts'
import { startServer } from '../server/start-server.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { schedulerConfig, workerConfig } from './config.ts'
import { MAINTENANCE_JOBS } from './jobs/registry.ts'
import { startScheduler } from './start-scheduler.ts'
import { startWorker } from './start-worker.ts'
import { eventually } from './testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'

const run = promisify(execFile)

describe('the tools of an operator', () => {
  let stores: TestStores
  let sink: SmtpSink
  beforeAll(async () => {
    stores = await createTestStores()
    sink = await startSmtpSink()
  })
  afterAll(async () => {
    await sink.close()
    await stores.close()
  })

  const logger = createLogger('silent', 'test')
  const environment = (): Record<string, string> => ({
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl,
    REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
    LEDGER_SHARDS: String(stores.keys.shards),
    DB_POOL_MAX: '3',
    SMTP_URL: sink.url,
    PORT: '0',
  })
  async function startAll() {
    const given = environment()
    const scheduler = await startScheduler(parseEnvironment(schedulerConfig, given), logger)
    onTestFinished(scheduler.close)
    const worker = await startWorker(parseEnvironment(workerConfig, given), logger)
    onTestFinished(worker.close)
    const server = await startServer(parseEnvironment(serverConfig, given), logger)
    onTestFinished(server.close)
    return { scheduler, worker, server }
  }
  async function call(entry: string, args: string[], overrides: Record<string, string> = {}) {
    const file = fileURLToPath(new URL(entry, import.meta.url))
    const env = { ...process.env, ...environment(), ...overrides }
    return run(process.execPath, ['--import', import.meta.resolve('tsx'), file, ...args], { env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
    )
  }
  const doctor = (args: string[] = [], overrides = {}) => call('./doctor-main.ts', args, overrides)
  const worker = (...args: string[]) => call('./main.ts', args)

  test('doctor: all is well', async () => {
    await startAll()
    const { code, stdout } = await doctor()
    expect(stdout).not.toContain('✗')
    expect(code).toBe(0)
    for (const line of [
      'Redis persistence',
      'migrations',
      'servers',
      'workers',
      'schedulers',
      'mode',
      'outbox',
      'mail',
    ])
      expect(stdout).toMatch(new RegExp(`^✓ ${line} `, 'm'))
    const json = JSON.parse((await doctor(['--json'])).stdout) as { ok: boolean; findings: { name: string }[] }
    expect(json).toMatchObject({ ok: true })
    expect(json.findings.map(({ name }) => name)).toContain('connections')
  })

  test('doctor: what is missing is told, with what to do', async () => {
    const { code, stdout } = await doctor([], { SMTP_URL: 'smtp://127.0.0.1:1' })
    expect(code).toBe(1)
    expect(stdout).toMatch(/^✗ workers +none is alive: no invite goes out\n +→ Start one: `npm run worker`\.$/m)
    expect(stdout).toMatch(/^✗ mail +.*ECONNREFUSED.*\n +→ Start it, or correct SMTP_URL/m)
  })

  test('doctor: a store that cannot be reached does not hide the others', async () => {
    const [noRedis, noPostgres] = await Promise.all([
      doctor([], { REDIS_URL: 'redis://127.0.0.1:1' }),
      doctor([], { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' }),
    ])
    expect(noRedis.code).toBe(3)
    expect(noRedis.stdout).toMatch(/^✗ Redis +cannot be reached: .*ECONNREFUSED/m)
    expect(noRedis.stdout).toMatch(/^✓ migrations +none pending$/m)
    expect(noPostgres.code).toBe(3)
    expect(noPostgres.stdout).toMatch(/^✗ Postgres +cannot be reached/m)
    expect(noPostgres.stdout).toMatch(/^✓ Redis eviction/m)
  })

  test('doctor: wrong use, wrong environment, help', async () => {
    const [misspelt, faulty, help] = await Promise.all([
      doctor(['--jsn']),
      doctor([], { LIMITER_MODE: 'bucket' }),
      doctor(['--help']),
    ])
    expect(misspelt).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: npm run doctor') })
    expect(faulty.code).toBe(2)
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Exit codes') })
  })

  test('inspect: who works, and what is registered', async () => {
    const running = await startAll()
    const { queue: maintenance, close } = await openMaintenanceQueue(stores.keys, stores.connection)
    onTestFinished(close)
    await eventually(() => maintenance.getRepeatableCount()).toBe(MAINTENANCE_JOBS.length)

    const [{ code, stdout }, told] = await Promise.all([worker('inspect', '--json'), worker('inspect')])
    expect(code).toBe(0)
    const inspection = JSON.parse(stdout)
    expect(inspection.workers).toMatchObject([{ kind: 'worker', concurrency: 20, ops_url: running.worker.opsUrl }])
    const [invite, found] = inspection.queues
    expect(invite).toMatchObject({ name: 'invite', paused: false, counts: { active: 0, failed: 0 }, repeatable: [] })
    expect(found).toMatchObject({ name: 'maintenance', counts: { failed: 0 } })
    expect(found.repeatable).toContainEqual({
      name: 'refresh-seat-stats',
      schedule: '300000',
      next_at: expect.any(String),
    })
    expect(found.repeatable).toContainEqual({
      name: 'create-partitions',
      schedule: 'UTC 5 2 * * *',
      next_at: expect.any(String),
    })
    expect(told.stdout).toContain('Workers alive: 1')
    expect(told.stdout).toContain('  repeats create-partitions  UTC 5 2 * * *, next ')
  })

  test('inspect: says so when nobody works, and what it does not know', async () => {
    expect((await worker('inspect')).stdout).toContain('No worker is alive')
    for (const args of [['inspct'], ['inspect', '--jsn']])
      expect(await worker(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: npm run worker') })
  })

  test('the scheduler has a board only with a password, and tells who is alive', async () => {
    const { scheduler } = await startAll()
    expect((await fetch(new URL('/board', scheduler.opsUrl))).status).toBe(404)
    const text = await (await fetch(new URL('/metrics', scheduler.opsUrl))).text()
    expect(text).toMatch(/^worker_up 1$/m)
    expect(text).toMatch(/^processes_up\{kind="server"\} 1$/m)
    const config = parseEnvironment(schedulerConfig, { ...environment(), BOARD_PASSWORD: 'at least twelve' })
    const second = await startScheduler(config, logger)
    onTestFinished(second.close)
    expect((await fetch(new URL('/board', second.opsUrl))).status).toBe(401)
    expect(() => parseEnvironment(schedulerConfig, { ...environment(), BOARD_PASSWORD: 'short' })).toThrow(
      'BOARD_PASSWORD: expected at least 12 characters (got "5 characters")',
    )
  })
})
