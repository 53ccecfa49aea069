import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { streamFields } from '../redis/stream-fields.ts'
import { addressOf, createTestRooms, type TestRooms } from '../testing/test-rooms.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { copyActivities, readCopy } from './activity-copies.ts'

const PEOPLE = 5_000
const HOUR_MS = 3_600_000
const PATIENCE = { timeout: 20_000, interval: 10 }

describe('the waiting room', () => {
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

  const timeMicros = async () => {
    const [seconds, micros] = await stores.redis.time()
    return Number(seconds) * 1e6 + Number(micros)
  }

  test('5 000 people enter at once: dense, unique, in the order of the script, and all of them in Postgres', async () => {
    const activityId = await stores.createActivity()
    const room = { tenant: 'public', activityId }
    const servers = [await rooms.start(), await rooms.start()] as const
    const answers = await Promise.all(
      Array.from({ length: PEOPLE }, async (_, n) => {
        const address = addressOf(n)
        const server = servers[n % 2 ? 1 : 0]
        return { user: `user-${n}`, ...(await rooms.enter(server, activityId, `user-${n}`, { address })) }
      }),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const bySeq = new Map(answers.map(({ user, body }) => [body.seq, { user, session: body.session_id }]))
    expect([...bySeq.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: PEOPLE }, (_, n) => n + 1))
    expect(new Set(answers.map(({ body }) => body.session_id)).size).toBe(PEOPLE)

    // Ids of a stream grow in the order in which the script ran.
    const entries = await stores.redis.xrange(rooms.roomKeys.entries(room), '-', '+')
    const inOrder = entries.map(([, fields]) => streamFields(fields))
    expect(inOrder.map((entry) => Number(entry.get('seq')))).toEqual(Array.from({ length: PEOPLE }, (_, n) => n + 1))

    await rooms.drain(activityId)
    const rows = await stores.sql<{ seq: string; user_hash: string; session_id: string }>(
      `SELECT c.seq, c.user_hash, c.session_id FROM queue_claims c
       JOIN queue_entries e USING (activity_id, user_hash, session_id, seq)
       WHERE activity_id = $1 AND tenant = 'public' ORDER BY seq`,
      [activityId],
    )
    expect(rows.map((row) => [Number(row.seq), row.user_hash, row.session_id])).toEqual(
      Array.from({ length: PEOPLE }, (_, n) => [n + 1, bySeq.get(n + 1)?.user, bySeq.get(n + 1)?.session]),
    )
    expect(await stores.redis.xlen(rooms.roomKeys.entries(room))).toBe(0)
  })

  test('releases what the time of Redis allows: never more, and all of it at the next look', async () => {
    const rate = 100
    const activityId = await stores.createActivity({ releasePerSecond: rate })
    const server = await rooms.start()
    const people = await Promise.all(
      Array.from({ length: 400 }, (_, n) => rooms.enter(server, activityId, `user-${n}`, { address: addressOf(n) })),
    )
    // Opened when all are in, so that the looks fall into the time of release.
    await rooms.change(activityId, { opened_at: new Date(), release_per_second: rate })
    const [row] = await stores.sql<{ opened: string }>(
      `SELECT (extract(epoch FROM opened_at) * 1000000)::bigint AS opened FROM activities WHERE id = $1`,
      [activityId],
    )
    const allowedAt = (micros: number) =>
      Math.min(400, Math.floor((rate * Math.max(0, micros - Number(row?.opened))) / 1e6))
    let last = -1
    const seen = new Set<number>()
    for (let look = 0; last < 400; look++) {
      const person = people[(look * 37) % people.length]?.body ?? {}
      const before = await timeMicros()
      const { body } = await rooms.status(server, activityId, person.session_id)
      const after = await timeMicros()
      expect(body.released).toBeGreaterThanOrEqual(allowedAt(before))
      expect(body.released).toBeLessThanOrEqual(allowedAt(after))
      expect(body.released).toBeGreaterThanOrEqual(last)
      expect(body.position).toBe(Math.max(0, person.seq - body.released))
      expect(body.ahead).toBe(Math.max(0, body.position - 1))
      expect(body.expected_wait_seconds).toBe(body.ahead / rate)
      expect(body.pass === null).toBe(body.position > 0)
      last = body.released
      seen.add(last)
    }
    expect(seen.size).toBeGreaterThan(3)
  })

  test('a closed room releases nobody more, and cannot tell how long it takes', async () => {
    const activityId = await stores.createActivity({ releasePerSecond: 1e-6 })
    const server = await rooms.start()
    const people = []
    for (const user of ['a', 'b', 'c']) people.push((await rooms.enter(server, activityId, user)).body)
    await rooms.change(activityId, { status: 'closed', released_before: 1 })
    const first = await rooms.status(server, activityId, people[0]?.session_id)
    expect(first.body).toMatchObject({ position: 0, ahead: 0, released: 1, pass: expect.any(String) })
    const last = await rooms.status(server, activityId, people[2]?.session_id)
    expect(last.body).toEqual({
      seq: 3,
      position: 2,
      ahead: 1,
      released: 1,
      expected_wait_seconds: null,
      pass: null,
      pass_expires_at: null,
    })
  })

  test('a user gets the same number again, also from another server and address, and after closing', async () => {
    const activityId = await stores.createActivity()
    const [one, other] = [await rooms.start(), await rooms.start()]
    const first = await rooms.enter(one, activityId, 'same', { fingerprint: 'a browser' })
    const atOnce = await Promise.all(
      Array.from({ length: 20 }, (_, n) => rooms.enter(n % 2 ? one : other, activityId, 'same')),
    )
    for (const { status, body } of atOnce) expect({ status, body }).toEqual({ status: 200, body: first.body })
    await rooms.change(activityId, { status: 'closed' })
    expect((await rooms.enter(other, activityId, 'same')).body).toEqual(first.body)
    await rooms.drain(activityId)
    const rows = await stores.sql<{ fingerprint: string; ip_hash: string }>(
      'SELECT fingerprint, ip_hash FROM queue_entries WHERE activity_id = $1',
      [activityId],
    )
    expect(rows).toEqual([{ fingerprint: 'a browser', ip_hash: expect.stringMatching(/^[0-9a-f]{32}$/) }])
  })

  test('ten people a minute enter from one address; those who are in are not held up', async () => {
    const [activityId, another] = [await stores.createActivity(), await stores.createActivity()]
    const [one, other] = [await rooms.start(), await rooms.start()]
    const address = '203.0.113.7'
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, n) => rooms.enter(n % 2 ? one : other, activityId, `user-${n}`, { address })),
    )
    const accepted = answers.filter(({ status }) => status === 200)
    expect(accepted.length).toBe(10)
    const refused = answers.find(({ status }) => status !== 200)
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_enters' } })
    expect(Number(refused?.retryAfter)).toBeGreaterThan(0)
    expect(Number(refused?.retryAfter)).toBeLessThanOrEqual(60)
    const again = await rooms.enter(one, activityId, `user-${answers.findIndex(({ status }) => status === 200)}`, {
      address,
    })
    expect(again.body).toEqual(accepted[0]?.body)
    expect((await rooms.enter(one, activityId, 'elsewhere', { address: '203.0.113.8' })).status).toBe(200)
    expect((await rooms.enter(one, another, 'another room', { address })).status).toBe(200)

    // The window slides: when the oldest of them is a minute old, one more may enter.
    const throttles = await stores.redis.keys(`*throttle:ip:{public:${activityId}}:*`)
    expect(throttles.join()).not.toContain(address)
    const counts = await Promise.all(throttles.map((key) => stores.redis.zcard(key)))
    const full = throttles[counts.indexOf(10)] ?? ''
    const [oldest = ''] = await stores.redis.zrange(full, 0, 0)
    await stores.redis.zincrby(full, -60_000, oldest)
    expect((await rooms.enter(one, activityId, 'a minute later', { address })).status).toBe(200)
    expect((await rooms.enter(one, activityId, 'too early', { address })).status).toBe(429)
  })

  test('opening hours are those of Redis', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start()
    const ask = (user: string) => rooms.enter(server, activityId, user)
    await rooms.change(activityId, { start_at: new Date(Date.now() + HOUR_MS) })
    const early = await ask('early')
    expect(early).toMatchObject({ status: 409, body: { code: 'activity_not_open' } })
    expect(Number(early.retryAfter)).toBeGreaterThan(3_500)
    await rooms.change(activityId, { start_at: new Date(Date.now() - HOUR_MS) })
    expect((await ask('in time')).body.seq).toBe(1)
    await rooms.change(activityId, { end_at: new Date(Date.now() - 1_000) })
    const late = await ask('late')
    expect(late).toMatchObject({ status: 409, retryAfter: undefined })
    await rooms.change(activityId, { end_at: null, status: 'draft' })
    expect((await ask('draft')).status).toBe(409)
  })

  test('nobody is released before the start, however long ago it was opened', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start()
    const { body } = await rooms.enter(server, activityId, 'first')
    const hours = { opened_at: new Date(Date.now() - HOUR_MS), start_at: new Date(Date.now() + HOUR_MS) }
    await rooms.change(activityId, hours)
    expect((await rooms.status(server, activityId, body.session_id)).body).toMatchObject({ position: 1, released: 0 })
  })

  test('tenants do not see each other', async () => {
    const server = await rooms.start()
    const [token, foreign] = await Promise.all(
      ['acme', 'other'].map((tenant) => rooms.tenantToken({ role: 'tenant', tenant })),
    )
    const activityId = await stores.createActivity({ tenant: 'acme' })
    const own = await rooms.enter(server, activityId, 'user', { token })
    expect(own.body).toEqual({ session_id: expect.any(String), seq: 1 })
    const session = own.body.session_id
    expect((await rooms.status(server, activityId, session, { token })).body.seq).toBe(1)

    const unknown = await rooms.enter(server, '00000000-0000-4000-8000-000000000000', 'user')
    expect(unknown).toMatchObject({ status: 404, body: { code: 'activity_not_found' } })
    for (const options of [{}, { token: foreign }]) {
      expect(await rooms.enter(server, activityId, 'user', options)).toEqual(unknown)
      expect(await rooms.status(server, activityId, session, options)).toEqual(unknown)
    }
    const publicActivity = await stores.createActivity()
    expect(await rooms.enter(server, publicActivity, 'user', { token })).toEqual(unknown)
    await rooms.drain(activityId, 'acme')
    const rows = await stores.sql<{ tenant: string }>('SELECT tenant FROM queue_entries WHERE activity_id = $1', [
      activityId,
    ])
    expect(rows).toEqual([{ tenant: 'acme' }])
  })

  test('tokens that are not a tenant’s are refused', async () => {
    const server = await rooms.start()
    const activityId = await stores.createActivity()
    const ask = async (token: string) => {
      const { status, body } = await rooms.enter(server, activityId, 'user', { token })
      return [status, body.code]
    }
    expect(await ask('no.token.atall')).toEqual([401, 'unauthorised'])
    expect(await ask('eyJhbGciOiJub25lIn0.eyJyb2xlIjoidGVuYW50IiwidGVuYW50IjoicHVibGljIn0.')).toEqual([
      401,
      'unauthorised',
    ])
    const expired = { role: 'tenant', tenant: 'public', exp: 1 }
    expect(await ask(await rooms.tenantToken(expired))).toEqual([401, 'unauthorised'])
    expect(await ask(await rooms.tenantToken({ role: 'admin' }))).toEqual([403, 'forbidden'])
    expect(await ask(await rooms.tenantToken({ role: 'tenant', tenant: 'a}b' }))).toEqual([403, 'forbidden'])
  })

  test('bad input, unknown sessions and a server without a secret', async () => {
    const server = await rooms.start()
    const activityId = await stores.createActivity()
    const enter = async (body: unknown) => {
      const answer = await rooms.call(`${server.url}/api/v1/queue/enter`, { body })
      return [answer.status, answer.body.code]
    }
    const good = { activity_id: activityId, user_hash: 'u' }
    for (const fault of [
      { activity_id: 'x' },
      { user_hash: '' },
      { user_hash: 'u'.repeat(65) },
      { user_hash: 'a\0b' },
      { fingerprint: 'f'.repeat(129) },
      { fingerprint: 'a\0b' },
      { extra: 1 },
    ])
      expect(await enter({ ...good, ...fault })).toEqual([400, 'invalid_request'])
    expect((await enter({ ...good, activity_id: activityId.toUpperCase() }))[0]).toBe(200)
    expect(await rooms.status(server, activityId, 'x')).toMatchObject({ status: 400 })
    const unknown = await rooms.status(server, activityId, '00000000-0000-4000-8000-000000000000')
    expect(unknown).toMatchObject({ status: 404, body: { code: 'session_not_found' } })
    const without = await rooms.start({ ADMIN_JWT_SECRET: '' })
    expect(await rooms.enter(without, activityId, 'u')).toMatchObject({ status: 404, body: { code: 'no_such_route' } })
  })

  test('what an administrator changes holds in every process at once, and when nobody is told soon after', async () => {
    const activityId = await stores.createActivity({ releasePerSecond: 1e-6 })
    const servers = [await rooms.start(), await rooms.start()]
    for (const [index, server] of servers.entries())
      expect((await rooms.enter(server, activityId, `before-${index}`)).status).toBe(200)
    await rooms.change(activityId, { status: 'closed' })
    for (const server of servers) expect((await rooms.enter(server, activityId, 'closed')).status).toBe(409)
    await rooms.change(activityId, { status: 'open' }, { tell: false })
    const key = rooms.roomKeys.activity({ tenant: 'public', activityId })
    expect(await stores.redis.pttl(key)).toBeGreaterThan(0)
    // Instead of waiting for its end.
    await stores.redis.pexpire(key, 1)
    for (const [index, server] of servers.entries())
      await expect
        .poll(async () => (await rooms.enter(server, activityId, `after-${index}`)).status, PATIENCE)
        .toBe(200)
  })

  test('an activity that appears is found by those who asked too early', async () => {
    const servers = [await rooms.start(), await rooms.start()]
    const id = randomUUID()
    // What is remembered does not grow old: only the news of the change can end it.
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    for (const server of servers) expect((await rooms.enter(server, id, 'user')).status).toBe(404)
    await stores.sql(
      `INSERT INTO activities (id, tenant, name, status, release_per_second, opened_at)
       VALUES ($1, 'public', 'new', 'open', 1, now())`,
      [id],
    )
    for (const server of servers) expect((await rooms.enter(server, id, 'user')).status).toBe(404)
    await rooms.change(id, { name: 'told' })
    for (const [index, server] of servers.entries())
      await expect.poll(async () => (await rooms.enter(server, id, `user-${index}`)).status, PATIENCE).toBe(200)
  })

  test('an older copy does not replace a newer one', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start()
    await rooms.enter(server, activityId, 'user')
    await rooms.change(activityId, { status: 'closed' })
    const room = { tenant: 'public', activityId }
    const parts = { db: stores.db, redis: stores.redis, roomKeys: rooms.roomKeys }
    const copy = await readCopy(parts, room)
    if (copy === undefined) throw new Error('there is no copy')
    await copyActivities(parts, [{ ...copy, status: 'open', version: String(Number(copy.version) - 1) }])
    expect((await readCopy(parts, room))?.status).toBe('closed')
  })

  test('is measured, without anybody’s name', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start()
    await rooms.enter(server, activityId, 'somebody')
    await rooms.enter(server, activityId, 'somebody')
    await rooms.call(`${server.url}/api/v1/queue/enter`, { body: {} })
    const metrics = await (await fetch(`${server.opsUrl}/metrics`)).text()
    expect(metrics).toContain('waiting_room_entered_total 1\n')
    expect(metrics).toContain('waiting_room_requests_total{endpoint="enter",status="200"} 2\n')
    expect(metrics).toContain('waiting_room_requests_total{endpoint="enter",status="400"} 1\n')
    expect(metrics).toContain('waiting_room_request_duration_seconds_count{endpoint="enter"} 3\n')
    expect(metrics).not.toContain(activityId)
  })
})
