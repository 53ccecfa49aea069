import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { environmentSchema, sampleSchema } from '../run-file.ts'
import { createDatabase, dropDatabase } from '../sut/database.ts'
import { describeEnvironment } from './environment.ts'
import { readCpuPressureMs, readMachineTime, readProcessTable, sumCpuMs } from './proc.ts'
import { type SystemSample, startSampler } from './sampler.ts'
import { createWalReader } from './wal-reader.ts'
import { readWorkCounters } from './work-counters.ts'

const databaseName = `measure_${randomBytes(6).toString('hex')}`
let databaseUrl: string
let server: Server
let url: string
let waited = 0

/** Each scrape finds another 10 acquisitions that waited 3 ms each. */
function exposeMetrics(): string {
  waited += 10
  return `db_pool_connections{state="size"} 10
db_pool_connections{state="using"} 7
db_pool_connections{state="waiting"} 3
db_pool_wait_seconds_sum ${waited * 0.003}
db_pool_wait_seconds_count ${waited}
db_pool_hold_seconds_sum ${waited * 0.002}
db_pool_hold_seconds_count ${waited}
db_pool_busy_seconds_total ${waited * 0.004}
limiter_waiting 4
nodejs_eventloop_lag_mean_seconds 0.012
nodejs_eventloop_utilization 0.5
invite_queue_size{status="stream"} 1
invite_queue_size{status="pending"} 2
invite_queue_size{status="waiting"} 3
invite_queue_size{status="active"} 4
invite_queue_size{status="delayed"} 5
redis_commands_total{cause="request"} 100
redis_round_trips_total{cause="request"} 50
sql_statements_total{cause="ledger"} 20
`
}

beforeAll(async () => {
  databaseUrl = await createDatabase(inject('databaseUrl'), databaseName)
  server = createServer((_request, response) => response.end(exposeMetrics()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await dropDatabase(inject('databaseUrl'), databaseName)
})

async function takeSamples(count: number, metricsUrls: Parameters<typeof startSampler>[0]['metricsUrls']) {
  const samples: SystemSample[] = []
  await new Promise<void>((resolve) => {
    const sampler = startSampler({
      metricsUrls,
      processes: { generator: [process.pid] },
      intervalMs: 1_000,
      onSample: (sample) => {
        samples.push(sample)
        if (samples.length === count) resolve(sampler.stop())
      },
    })
  })
  return samples
}

test('samples pools, event loops and queues of all processes on one clock', async () => {
  const [first, second] = await takeSamples(2, [
    { kind: 'server', url },
    { kind: 'server', url: `${url}?second` },
    { kind: 'scheduler', url },
  ])
  expect(first).toMatchObject({
    pool: { size: 20, in_use: 14, waiting: 6 },
    event_loop: { lag_ms: 2, utilisation: 0.5 },
    limiter_waiting: 8,
    queue: { stream: 1, outbox: 2, jobs: 12 },
  })
  expect(first?.pool?.wait_ms).toBeCloseTo(3)
  expect(first?.pool?.hold_ms).toBeCloseTo(2)
  expect((first?.pool?.busy_seconds ?? 0) / (first?.pool?.released ?? 0)).toBeCloseTo(0.004)
  expect(second?.t).toBeGreaterThan(first?.t ?? 0)
  const clients = { phase: 'paused', accepted: 0, refused: 0, errors: 0, p50_ms: null, p99_ms: null }
  expect(sampleSchema.safeParse({ ...first, ...clients }).success).toBe(true)
})

test('a process that does not answer is a gap', async () => {
  const [sample] = await takeSamples(1, [
    { kind: 'server', url: 'http://127.0.0.1:1/metrics' },
    { kind: 'scheduler', url },
  ])
  expect(sample).toMatchObject({ pool: null, event_loop: null, limiter_waiting: null, queue: { stream: 1 } })
})

test('counts the work of all processes by cause, or not at all', async () => {
  const signal = AbortSignal.timeout(10_000)
  expect(await readWorkCounters([url, url], signal)).toEqual({
    redis_commands: { request: 200 },
    redis_round_trips: { request: 100 },
    sql_statements: { ledger: 40 },
  })
  await expect(readWorkCounters([url, 'http://127.0.0.1:1/metrics'], signal)).rejects.toThrow()
})

test.runIf(process.platform === 'linux')('counts the CPU time of a process and of what it started', async () => {
  const busy = 'const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end);'
  const program = `require('node:child_process').execFileSync(process.execPath, ['-e', '${busy}']); console.log('done'); setInterval(() => {}, 1e6)`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const table = readProcessTable()
  expect(table && sumCpuMs(table, [child.pid ?? 0])).toBeGreaterThanOrEqual(290)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(readMachineTime()?.total).toBeGreaterThan(0)
  expect(readCpuPressureMs() ?? 0).toBeGreaterThanOrEqual(0)
})

test('tells the bytes of the log, full-page images apart', async () => {
  const reader = await createWalReader(databaseUrl, { mayCreateExtension: true })
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('CREATE TABLE rows (id int PRIMARY KEY, text text)')
  await client.query(`INSERT INTO rows SELECT n, repeat('x', 500) FROM generate_series(1, 500) n`)
  expect(await reader.checkpoint()).toBe(true)
  const from = await reader.readPosition()
  await client.query('UPDATE rows SET text = text')
  const to = await reader.readPosition()
  const volume = await reader.readVolume(from, to)
  // The first change of each of some 35 pages after the checkpoint logs the page as a whole.
  expect(volume?.full_page_bytes).toBeGreaterThan(100_000)
  expect(volume?.bytes).toBeGreaterThan(volume?.full_page_bytes ?? Number.POSITIVE_INFINITY)
  expect(await reader.readVolume(null, to)).toBeNull()
  await Promise.all([reader.close(), client.end()])
})

test('without the extension the full-page images are not known', async () => {
  const name = `${databaseName}_plain`
  const reader = await createWalReader(await createDatabase(inject('databaseUrl'), name))
  const position = await reader.readPosition()
  expect(await reader.readVolume(position, position)).toEqual({ bytes: 0, full_page_bytes: null })
  await reader.close()
  await dropDatabase(inject('databaseUrl'), name)
})

test('describes this machine as the run file wants it', async () => {
  const store = { version: '1.0', settings: { fsync: 'on' } }
  const environment = await describeEnvironment(store, store, ['no limit per client address'])
  expect(environmentSchema.parse(environment)).toEqual(environment)
  expect(Object.values(environment.packages)).not.toContain('unknown')
})
