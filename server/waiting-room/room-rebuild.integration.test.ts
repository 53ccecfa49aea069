import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { RunningServer } from '../start-server.ts'
import { type RedisProcess, startRedisProcess } from '../testing/redis-process.ts'
import { createTcpProxy } from '../testing/tcp-proxy.ts'
import { addressOf, createTestRooms, type TestRooms } from '../testing/test-rooms.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

const PATIENCE = { timeout: 20_000, interval: 10 }

interface Person {
  readonly session: string
  readonly seq: number
}

describe('a waiting room that Redis lost', () => {
  let stores: TestStores
  let own: RedisProcess
  let redisUrl: string
  let rooms: TestRooms
  beforeAll(async () => {
    own = await startRedisProcess(['appendonly yes', 'appendfsync everysec'])
    redisUrl = `redis://127.0.0.1:${own.port}`
    stores = await createTestStores({ redisUrl })
    rooms = createTestRooms(stores)
  })
  afterAll(async () => {
    rooms.close()
    await stores.close()
    await own.stop()
  })

  let asked = 0
  /** @returns who got in, by user; others may have met a Redis that was away */
  async function enterAll(servers: RunningServer[], activityId: string, users: string[]): Promise<Map<string, Person>> {
    const answers = await Promise.all(
      users.map(async (user) => {
        asked += 1
        const server = servers[asked % servers.length] as RunningServer
        const { status, body } = await rooms.enter(server, activityId, user, { address: addressOf(asked) })
        return status === 200 ? ([[user, { session: body.session_id, seq: body.seq }]] as const) : []
      }),
    )
    return new Map(answers.flat())
  }
  const name = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`)
  const seqs = (...people: Map<string, Person>[]) => people.flatMap((some) => [...some.values()].map(({ seq }) => seq))
  const roomOf = (activityId: string) => ({ tenant: 'public', activityId })
  const expectNoNumberTwice = (...people: Map<string, Person>[]) =>
    expect(new Set(seqs(...people)).size).toBe(seqs(...people).length)

  test('a crash of Redis while people enter: no number twice, and who was written keeps theirs', async () => {
    const activityId = await stores.createActivity({ releasePerSecond: 1e-6 })
    const servers = [await rooms.start(), await rooms.start()]
    const before = await enterAll(servers, activityId, name(300, 'before'))
    expect(before.size).toBe(300)
    await rooms.drain(activityId)
    const entering = enterAll(servers, activityId, name(2_000, 'meanwhile'))
    await own.kill()
    await own.restart()
    const meanwhile = await entering
    const after = await enterAll(servers, activityId, name(300, 'after'))
    expect(after.size).toBe(300)
    const again = await enterAll(servers, activityId, [...before.keys()])
    expect(again).toEqual(before)
    // Those whose entry Redis lost in the crash get another number; the lost one belongs to nobody any more.
    expectNoNumberTwice(before, meanwhile, after)
  })

  test('lost altogether: numbers go on behind those that were lost, and the line has no gap', async () => {
    const activityId = await stores.createActivity({ releasePerSecond: 1e-6 })
    const servers = [await rooms.start(), await rooms.start()]
    const written = await enterAll(servers, activityId, name(50, 'written'))
    await rooms.drain(activityId)
    const lost = await enterAll(servers, activityId, name(50, 'lost'))
    await stores.redis.flushall()
    const after = await enterAll(servers, activityId, name(50, 'after'))
    const again = await enterAll(servers, activityId, [...written.keys()])
    expect(again).toEqual(written)
    expectNoNumberTwice(written, lost, after)
    expect(Math.min(...seqs(after))).toBeGreaterThan(Math.max(...seqs(lost)))
    const places = await Promise.all(
      [...written.values(), ...after.values()].map(async ({ session }) => {
        const [server] = servers as [RunningServer]
        return (await rooms.status(server, activityId, session)).body.position
      }),
    )
    expect(places.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
  })

  test('what the stream still holds is written first, so it keeps its numbers', async () => {
    const activityId = await stores.createActivity()
    const servers = [await rooms.start(), await rooms.start()]
    const before = await enterAll(servers, activityId, name(40, 'before'))
    const room = roomOf(activityId)
    const { roomKeys } = rooms
    await stores.redis.hset(roomKeys.room(room), 'run_id', 'of another Redis')
    expect(await enterAll(servers, activityId, [...before.keys()])).toEqual(before)
    for (const missing of [roomKeys.room, roomKeys.seq, roomKeys.users, roomKeys.sessions]) {
      await stores.redis.del(missing(room))
      expect(await enterAll(servers, activityId, [...before.keys()])).toEqual(before)
    }
    const [row] = await stores.sql<{ people: number }>(
      'SELECT count(*)::int AS people FROM queue_entries WHERE activity_id = $1',
      [activityId],
    )
    expect(row?.people).toBe(40)
    expect(await stores.redis.xlen(roomKeys.entries(room))).toBe(0)
    expectNoNumberTwice(before, await enterAll(servers, activityId, name(40, 'after')))
  })

  test('a rebuild that died holds nobody up for ever', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start()
    const lock = rooms.roomKeys.rebuildLock(roomOf(activityId))
    await stores.redis.set(lock, 'of a process that died', 'PX', 300)
    expect((await rooms.enter(server, activityId, 'user')).body.seq).toBe(1)
    expect(await stores.redis.exists(lock)).toBe(0)
  })

  test('one that takes too long: 503, nobody gets a number, and well again afterwards', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start({ REQUEST_DEADLINE_MS: '300' })
    const lock = rooms.roomKeys.rebuildLock(roomOf(activityId))
    await stores.redis.set(lock, 'of somebody else', 'PX', 60_000)
    onTestFinished(async () => void (await stores.redis.del(lock)))
    const answer = await rooms.enter(server, activityId, 'user')
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(Number(answer.retryAfter)).toBeGreaterThan(0)
    await stores.redis.del(lock)
    await expect.poll(async () => (await rooms.enter(server, activityId, 'user')).body.seq, PATIENCE).toBe(1)
  })

  test('more people than numbers are reserved at a time', async () => {
    const activityId = await stores.createActivity()
    const servers = [await rooms.start(), await rooms.start()]
    const people = await enterAll(servers, activityId, name(2_100, 'user'))
    expect(seqs(people).sort((a, b) => a - b)).toEqual(Array.from({ length: 2_100 }, (_, n) => n + 1))
    const [row] = await stores.sql<{ reserved: number }>(
      'SELECT numbers_reserved::int AS reserved FROM activities WHERE id = $1',
      [activityId],
    )
    expect(row?.reserved).toBeGreaterThanOrEqual(2_100)
  })

  test('a used pass stays used, also after Redis lost all of it', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start({ LIMITER_MODE: 'none' })
    const code = await stores.createCode({ activityId })
    const { body: person } = await rooms.enter(server, activityId, 'user')
    const ask = async () => (await rooms.status(server, activityId, person.session_id)).body.pass
    await expect.poll(ask, PATIENCE).not.toBeNull()
    const pass = await ask()
    expect((await rooms.redeem(server, code, 'a@example.test', pass)).status).toBe(202)
    await rooms.drain(activityId)
    await stores.redis.flushall()
    expect((await rooms.redeem(server, code, 'b@example.test', pass)).body.code).toBe('pass_used')
    expect((await rooms.redeem(server, code, 'a@example.test', pass)).status).toBe(202)
  })

  test.each(['cut', 'freeze'] as const)(
    'Redis is away (%s): 503 with Retry-After, and well again afterwards',
    async (fault) => {
      const proxy = await createTcpProxy(redisUrl)
      onTestFinished(proxy.close)
      const [known, unknown] = [await stores.createActivity(), await stores.createActivity()]
      const server = await rooms.start({ REDIS_URL: proxy.url, REQUEST_DEADLINE_MS: '500' })
      await expect.poll(async () => (await rooms.enter(server, known, 'user')).status).toBe(200)
      const { body } = await rooms.enter(server, known, 'user')
      proxy[fault]()
      const answers = await Promise.all([
        rooms.enter(server, known, 'another'),
        rooms.enter(server, unknown, 'user'),
        rooms.status(server, known, body.session_id),
      ])
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
        expect(Number(answer.retryAfter)).toBeGreaterThan(0)
      }
      proxy.heal()
      const ask = async () => (await rooms.status(server, known, body.session_id)).body.seq
      await expect.poll(ask, PATIENCE).toBe(1)
    },
  )
})
