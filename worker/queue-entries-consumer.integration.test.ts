import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Database } from '../server/db/database.ts'
import { parseEnvironment } from '../server/environment.ts'
import { UnavailableError } from '../server/errors.ts'
import { createLogger } from '../server/logger.ts'
import { addressOf, createTestRooms, type TestRooms } from '../server/testing/test-rooms.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { schedulerConfig } from './config.ts'
import { startQueueEntriesConsumer } from './queue-entries-consumer.ts'
import { startScheduler } from './start-scheduler.ts'
import { eventually } from './testing/eventually.ts'

describe('the consumer of waiting-room entries', () => {
  let stores: TestStores
  let rooms: TestRooms
  beforeAll(async () => {
    stores = await createTestStores()
    rooms = createTestRooms(stores)
  })
  afterAll(async () => {
    rooms.close()
    await stores.close()
  })

  const errors: unknown[] = []
  function startConsumer({ db = stores.db, batchSize = 50 }: { db?: Database; batchSize?: number } = {}) {
    const { redis } = stores
    const logger = createLogger('silent', 'test')
    const onError = (error: unknown) => void errors.push(error)
    const loop = startQueueEntriesConsumer({
      db,
      redis,
      roomKeys: rooms.roomKeys,
      logger,
      onError,
      batchSize,
      idleMs: 10,
    })
    onTestFinished(() => loop.stop())
    return loop
  }
  const roomOf = (activityId: string) => ({ tenant: 'public', activityId })
  const backlog = (activityId: string) => stores.redis.xlen(rooms.roomKeys.entries(roomOf(activityId)))
  async function enter(activityId: string, people: number) {
    const server = await rooms.start()
    const answers = await Promise.all(
      Array.from({ length: people }, (_, n) => rooms.enter(server, activityId, `user-${n}`, { address: addressOf(n) })),
    )
    return answers.map(({ body }, n) => `user-${n} ${body.session_id} ${body.seq}`).sort()
  }
  async function written(activityId: string) {
    const rows = await stores.sql<{ text: string }>(
      `SELECT user_hash || ' ' || session_id || ' ' || seq AS text FROM queue_entries
       JOIN queue_claims USING (activity_id, user_hash, session_id, seq) WHERE activity_id = $1`,
      [activityId],
    )
    return rows.map(({ text }) => text).sort()
  }

  test('what was answered is what is written, once, also by two consumers at a time', async () => {
    const activityId = await stores.createActivity()
    for (let consumer = 0; consumer < 2; consumer++) startConsumer({ batchSize: 20 })
    const answered = await enter(activityId, 300)
    await eventually(() => backlog(activityId)).toBe(0)
    expect(await written(activityId)).toEqual(answered)
  })

  test('nothing is lost or written twice while Postgres is away or its answer is lost', async () => {
    const activityId = await stores.createActivity()
    let failures = 3
    const db: Database = {
      ...stores.db,
      async query<Row extends object>(...args: Parameters<Database['query']>) {
        if (args[0].name !== 'commit-queue-entries' || failures-- <= 0) return stores.db.query<Row>(...args)
        // The last failure comes after the commit.
        if (failures === 0) await stores.db.query(...args)
        throw new UnavailableError('The connection to Postgres failed')
      },
    }
    const answered = await enter(activityId, 40)
    startConsumer({ db })
    await eventually(() => backlog(activityId)).toBe(0)
    expect(failures).toBeLessThanOrEqual(0)
    expect(errors.length).toBeGreaterThan(0)
    expect(await written(activityId)).toEqual(answered)
  })

  test('an entry that Postgres refuses is set aside; the others of its batch are written', async () => {
    const activityId = await stores.createActivity()
    const answered = await enter(activityId, 5)
    const { roomKeys } = rooms
    const fields = ['kind', 'enter', 'user', 'u', 'session', 'not a session', 'seq', '99', 'ip', '', 'fingerprint', '']
    await stores.redis.xadd(roomKeys.entries(roomOf(activityId)), '*', ...fields)
    startConsumer()
    await eventually(() => backlog(activityId)).toBe(0)
    expect(await written(activityId)).toEqual(answered)
    expect(await stores.redis.xlen(roomKeys.deadEntries(roomOf(activityId)))).toBe(1)
  })

  test('finds what stayed behind in a room that was closed long ago', async () => {
    const activityId = await stores.createActivity()
    const answered = await enter(activityId, 3)
    await stores.sql(`UPDATE activities SET status = 'closed', updated_at = now() - interval '1 year' WHERE id = $1`, [
      activityId,
    ])
    startConsumer()
    await eventually(() => written(activityId)).toEqual(answered)
  })

  test('renews the copies of activities, so that a change is seen of which nobody was told', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start()
    startConsumer()
    const ask = async () => (await rooms.enter(server, activityId, randomUUID(), { address: randomUUID() })).status
    expect(await ask()).toBe(200)
    await rooms.change(activityId, { status: 'closed' }, { tell: false })
    await eventually(ask).toBe(409)
  })

  test('the scheduler runs it, and tells how many wait and how many were released', async () => {
    await stores.sql(`UPDATE activities SET status = 'closed'`)
    const activityId = await stores.createActivity({ releasePerSecond: 1e-6 })
    const [row] = await stores.sql<{ name: string }>('SELECT current_database() AS name')
    const config = parseEnvironment(schedulerConfig, {
      DATABASE_URL: stores.databaseUrl,
      REDIS_URL: stores.redisUrl,
      REDIS_KEY_PREFIX: row?.name ?? '',
    })
    const scheduler = await startScheduler(config, createLogger('silent', 'scheduler'))
    onTestFinished(scheduler.close)
    const answered = await enter(activityId, 9)
    await rooms.change(activityId, { released_before: 2 })
    await eventually(() => written(activityId)).toEqual(answered)
    const metrics = await (await fetch(`${scheduler.opsUrl}/metrics`)).text()
    expect(metrics).toContain('waiting_room_length 7\n')
    expect(metrics).toContain('waiting_room_released 2\n')
  })
})
