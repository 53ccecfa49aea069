import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { analyseTables, clearData, vacuumTables } from './clear-data.ts'
import { createDatabase, dropDatabase } from './database.ts'
import { seedCodes, seedPersonalCodes, seedSample } from './redeem-data.ts'
import { createRunDirectory, type RunDirectory } from './run-directory.ts'
import { type Stores, startStores } from './stores.ts'
import { migrate } from './system.ts'
import { openActivity } from './waiting-room-data.ts'

const name = `clear_${randomBytes(6).toString('hex')}`
/** A database of its own: other tests share the first one. */
const redisUrl = new URL('/7', inject('redisUrl')).href

let directory: RunDirectory
let stores: Stores
let client: pg.Client
let redis: Redis

beforeAll(async () => {
  directory = createRunDirectory(`tests-${name}`)
  const databaseUrl = await createDatabase(inject('databaseUrl'), name)
  const profile = { servers: 1, workers: 1, concurrency: 1, pool: 1, semaphore: 10, redis_connections: 1 }
  const options = { directory, databaseUrl, redisUrl, allowNonempty: true, dbLatencyMs: 0, redisLatencyMs: 0, profile }
  stores = await startStores(options)
  await migrate(stores)
  client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  redis = new Redis(redisUrl)
})

afterAll(async () => {
  await redis?.flushdb()
  redis?.disconnect()
  await client?.end()
  await stores?.stop()
  await dropDatabase(inject('databaseUrl'), name)
  await directory.remove()
})

async function count(from: string): Promise<number> {
  return Number((await client.query(`SELECT count(*) FROM ${from}`)).rows[0]?.count)
}

test('empties every table of the system, waiting rooms too, and can seed again', async () => {
  const activity = { id: '00000000-0000-4000-8000-000000000001', name: 'a', releasePerSecond: 5, code: 'ROOM' }
  for (let trial = 0; trial < 2; trial++) {
    await seedCodes(client, [{ code: 'HOT', maxUses: 5 }], 10)
    await seedPersonalCodes(client, { prefix: 'MINE', count: 3 })
    const before = performance.timeOrigin + performance.now()
    expect(await openActivity(stores, client, activity)).toBeGreaterThanOrEqual(before)
    await analyseTables(client)
    expect(await count(`redeem_codes WHERE kind = 'personal' AND max_uses = 1`)).toBe(3)
    expect(await count(`redeem_codes JOIN activities a ON a.id = activity_id WHERE a.status = 'open'`)).toBe(1)
    await clearData(stores, client)
    const { rows } = await client.query<{ name: string }>(`
      SELECT relname AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname = 'public' AND relname <> 'migrations'`)
    expect(rows.map((table) => table.name)).toContain('queue_entries')
    for (const table of rows) expect(`${table.name}: ${await count(`"${table.name}"`)}`).toBe(`${table.name}: 0`)
  }
})

test('what a warm-up leaves behind is vacuumed: no dead row, and statistics', async () => {
  await seedCodes(client, [{ code: 'HOT', maxUses: 5 }], 1_000)
  await client.query('UPDATE teams SET max_seats = max_seats + 1')
  // Otherwise Postgres may count these rows after the vacuum.
  await client.query('SELECT pg_stat_force_next_flush()')
  await vacuumTables(client)
  const { rows } = await client.query(`
    SELECT n_dead_tup::int AS dead, last_vacuum IS NOT NULL AND last_analyze IS NOT NULL AS done
    FROM pg_stat_user_tables WHERE relname = 'teams'`)
  expect(rows).toEqual([{ dead: 0, done: true }])
})

test("of a Redis that somebody else runs, only the system's keys go", async () => {
  const tag = '{public:00000000-0000-4000-8000-000000000001}'
  const ours = ['redline:mode', '{redline:bull}:invite:id', `queue:seq:${tag}`, `user:queue:${tag}:session`]
  const room = [`session:queue:${tag}:place`, `throttle:ip:${tag}:abc`]
  for (const key of [...ours, ...room, 'theirs', 'myqueue:1']) await redis.set(key, '1')
  await clearData(stores, client)
  expect((await redis.keys('*')).sort()).toEqual(['myqueue:1', 'theirs'])
})

test('the sample codes are made once', async () => {
  await seedSample(client)
  await seedSample(client)
  expect(await count('redeem_codes')).toBe(21)
  expect(await count(`redeem_codes WHERE refill_per_second IS NULL AND kind = 'personal'`)).toBe(20)
})
