import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { UnreachableError, UsageError } from '../errors.ts'
import { createDatabase, dropDatabase } from './database.ts'
import { findFreePort } from './free-port.ts'
import { setAutovacuum, startPostgres } from './postgres.ts'
import { isSameProcess, readStartTime } from './process-identity.ts'
import { startRedis } from './redis.ts'
import { createRunDirectory, type RunDirectory } from './run-directory.ts'
import type { Store } from './store.ts'
import { usePostgres } from './use-postgres.ts'
import { useRedis } from './use-redis.ts'

let directory: RunDirectory
const stores: Store[] = []
const databaseName = `stores_${randomBytes(6).toString('hex')}`
let databaseUrl: string

beforeAll(async () => {
  directory = createRunDirectory(`tests-${randomBytes(6).toString('hex')}`)
  databaseUrl = await createDatabase(inject('databaseUrl'), databaseName)
})

afterAll(async () => {
  await Promise.all(stores.map((store) => store.stop()))
  await dropDatabase(inject('databaseUrl'), databaseName)
  await directory.remove()
})

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const query = (url: string, statement: string): Promise<unknown[]> =>
  withClient(url, async (client) => (await client.query(statement)).rows)

test('two Postgres of one run do not meet, commit durably, and are gone when stopped', async () => {
  const both = await Promise.all([
    startPostgres({ directory, name: 'first', maxConnections: 40 }),
    startPostgres({ directory, name: 'second', settings: { work_mem: '8MB' } }),
  ])
  stores.push(...both)
  expect(both[0].settings).toMatchObject({
    max_connections: '40',
    synchronous_commit: 'on',
    fsync: 'on',
    shared_preload_libraries: 'pg_stat_statements',
  })
  expect(both[0].version).toMatch(/^\d+/)
  await query(both[0].url, 'CREATE TABLE only_here (id int)')
  await expect(query(both[1].url, 'SELECT FROM only_here')).rejects.toThrow('does not exist')
  expect(await query(both[1].url, 'SHOW work_mem')).toEqual([{ work_mem: '8MB' }])
  await withClient(both[0].url, (client) => setAutovacuum(client, false))
  await expect.poll(() => query(both[0].url, 'SHOW autovacuum')).toEqual([{ autovacuum: 'off' }])
  expect(await query(both[1].url, 'SHOW autovacuum')).toEqual([{ autovacuum: 'on' }])
  const pids = both.map((store) => store.pid ?? 0)
  const startTimes = pids.map(readStartTime)
  await Promise.all(both.map((store) => store.stop()))
  expect(pids.map((pid, index) => isSameProcess(pid, startTimes[index] ?? null))).toEqual([false, false])
})

test('a copy of a template has its tables, and is dropped although somebody is connected', async () => {
  await query(databaseUrl, 'CREATE TABLE seats (id int)')
  const copy = await createDatabase(inject('databaseUrl'), `${databaseName}_copy`, databaseName)
  const client = new pg.Client({ connectionString: copy })
  client.on('error', () => undefined)
  await client.connect()
  expect((await client.query('SELECT id FROM seats')).rows).toEqual([])
  await dropDatabase(inject('databaseUrl'), `${databaseName}_copy`)
  await expect(query(copy, 'SELECT 1')).rejects.toThrow('does not exist')
})

test('a foreign database with tables is refused unless that is allowed', async () => {
  await query(databaseUrl, 'CREATE TABLE IF NOT EXISTS seats (id int)')
  await expect(usePostgres(databaseUrl)).rejects.toThrow(UsageError)
  const used = await usePostgres(databaseUrl, { allowNonempty: true })
  expect(used).toMatchObject({ url: databaseUrl, pid: null })
})

test('an extension alone does not make a database foreign', async () => {
  const name = `${databaseName}_extension`
  const url = await createDatabase(inject('databaseUrl'), name)
  await query(url, 'CREATE EXTENSION pg_stat_statements')
  await expect(usePostgres(url)).resolves.toMatchObject({ url })
  await dropDatabase(inject('databaseUrl'), name)
})

test('an unreachable Postgres is named by its address and never by its password', async () => {
  const port = await findFreePort()
  const attempt = usePostgres(`postgres://somebody:secret@127.0.0.1:${port}/app`)
  await expect(attempt).rejects.toThrow(UnreachableError)
  await expect(attempt).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${port}.*unset DATABASE_URL`))
  await expect(attempt).rejects.not.toThrow('secret')
  await expect(usePostgres('localhost:5432')).rejects.toThrow(UsageError)
})

test('our Redis keeps an append-only file, never evicts, and is gone when stopped', async () => {
  const redis = await startRedis({ directory, name: 'own-redis' })
  stores.push(redis)
  expect(redis.settings).toMatchObject({
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    save: '',
  })
  const client = new Redis(redis.url)
  await client.set('uses-left', '10')
  await expect(useRedis(redis.url)).rejects.toThrow(UsageError)
  await expect(useRedis(redis.url, { allowNonempty: true })).resolves.toMatchObject({ pid: null })
  await client.flushall()
  await expect(useRedis(redis.url)).resolves.toMatchObject({ url: redis.url })
  client.disconnect()
  await redis.stop()
  await expect(useRedis(redis.url)).rejects.toThrow(UnreachableError)
})

test('an unreachable Redis is named by its address', async () => {
  const port = await findFreePort()
  await expect(useRedis(`redis://:secret@127.0.0.1:${port}`)).rejects.toThrow(`127.0.0.1:${port}`)
  await expect(useRedis('127.0.0.1')).rejects.toThrow(UsageError)
})

test('a port that is taken is a clear failure with the last lines of the server', async () => {
  const redis = await startRedis({ directory, name: 'holder' })
  stores.push(redis)
  const port = Number(new URL(redis.url).port)
  await expect(startRedis({ directory, name: 'late', port })).rejects.toThrow(/late ended at its start:[\s\S]*in use/)
})
