import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { eventually } from './testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { createTestSystem, post, type TestSystem } from './testing/test-system.ts'

describe('a holder who moves to another team', () => {
  let stores: TestStores
  let sink: SmtpSink
  let system: TestSystem
  beforeAll(async () => {
    stores = await createTestStores()
    sink = await startSmtpSink()
    system = createTestSystem(stores, { SMTP_URL: sink.url })
  })
  afterAll(async () => {
    await sink.close()
    await stores.close()
  })

  async function startAll(overrides: Record<string, string> = {}) {
    await system.startScheduler(overrides)
    const worker = await system.startWorker(overrides)
    return { worker, server: await system.startServer(overrides) }
  }
  /** A code whose group has teams with so many seats. */
  async function createCode(...seats: number[]) {
    const code = await stores.createCode({ seats: seats[0] ?? 1 })
    for (const [index, max] of seats.slice(1).entries())
      await stores.sql(
        'INSERT INTO teams (group_id, name, max_seats) SELECT group_id, $2, $3 FROM redeem_codes WHERE code = $1',
        [code, `another ${index}`, max],
      )
    return code
  }
  async function seats(code: string) {
    const rows = await stores.sql<{ taken: number; members: string[] }>(
      `SELECT t.seats_taken AS taken, coalesce(array_agg(m.email ORDER BY m.email) FILTER (WHERE m.email IS NOT NULL), '{}')
         AS members
       FROM teams t JOIN redeem_codes c USING (group_id) LEFT JOIN team_members m ON m.team_id = t.id
       WHERE c.code = $1 GROUP BY t.id ORDER BY t.id`,
      [code],
    )
    return rows
  }
  async function redeem(url: string, code: string, email: string) {
    const { body } = await post(url, 'direct-redeem', { code, email })
    await eventually(async () => (await find(`${body['redemption_id']}`))?.['status']).toBe('sent')
    return `${body['redemption_id']}`
  }
  async function find(id: string) {
    const [row] = await stores.sql<Record<string, unknown>>('SELECT * FROM redemptions WHERE id = $1', [id])
    return row
  }
  const mailsOf = (id: string) => sink.mails.filter(({ redemptionId }) => redemptionId === id)
  const usedCount = async (code: string) =>
    (await stores.sql<{ used_count: number }>('SELECT used_count FROM redeem_codes WHERE code = $1', [code]))[0]
      ?.used_count

  test('has another seat at once, spends no use, and gets a second mail; the records stay', async () => {
    const { server } = await startAll()
    const code = await createCode(1, 5)
    const id = await redeem(server.url, code, 'mover@example.test')
    expect(await seats(code)).toEqual([
      { taken: 1, members: ['mover@example.test'] },
      { taken: 0, members: [] },
    ])
    const answer = await post(server.url, 'rebind', { code, email: ' MOVER@example.test' })
    expect(answer).toMatchObject({ status: 202, body: { redemption_id: id, status: 'sent' } })
    expect(await seats(code)).toEqual([
      { taken: 0, members: [] },
      { taken: 1, members: ['mover@example.test'] },
    ])
    expect(await usedCount(code)).toBe(1)
    await eventually(() => mailsOf(id).length).toBe(2)
    expect(new Set(mailsOf(id).map(({ messageId }) => messageId)).size).toBe(2)
    const records = () =>
      stores.sql("SELECT team_id FROM invite_records WHERE redemption_id = $1 AND status = 'sent'", [id])
    await eventually(async () => (await records()).length).toBe(2)
    const moves = await stores.sql<{ from_team_id: number; to_team_id: number; status: string }>(
      'SELECT from_team_id, to_team_id, status FROM rebinds WHERE redemption_id = $1',
      [id],
    )
    expect(moves).toEqual([{ from_team_id: expect.any(Number), to_team_id: expect.any(Number), status: 'sent' }])
    const next = await redeem(server.url, code, 'next@example.test')
    expect((await find(next))?.['team_id']).toBe(moves[0]?.from_team_id)
  })

  test('moves once, however often it is asked for before the mail is out', async () => {
    const { server, worker } = await startAll()
    const code = await createCode(1, 1, 1)
    const id = await redeem(server.url, code, 'eager@example.test')
    await worker.close()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post(server.url, 'rebind', { code, email: 'eager@example.test' })),
    )
    expect(new Set(answers.map(({ status, body }) => `${status} ${body['redemption_id']}`))).toEqual(
      new Set([`202 ${id}`]),
    )
    expect((await stores.sql('SELECT 1 FROM rebinds WHERE redemption_id = $1', [id])).length).toBe(1)
    await system.startWorker()
    await eventually(() => mailsOf(id).length).toBe(2)
  })

  test('is told why it cannot be', async () => {
    const { server, worker } = await startAll()
    const rebind = (code: string, email: string) => post(server.url, 'rebind', { code, email })
    const code = await createCode(2)
    await redeem(server.url, code, 'alone@example.test')
    expect(await rebind(code, 'alone@example.test')).toMatchObject({ status: 409, body: { code: 'no_other_seat' } })
    for (const [wrongCode, email] of [
      [code, 'nobody@example.test'],
      ['NO-SUCH-CODE', 'alone@example.test'],
    ] as const)
      expect(await rebind(wrongCode, email)).toMatchObject({ status: 404, body: { code: 'code_not_found' } })
    expect(await rebind(code, 'not an address')).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    await worker.close()
    const { body } = await post(server.url, 'direct-redeem', { code, email: 'waiting@example.test' })
    await eventually(async () => (await find(`${body['redemption_id']}`))?.['status']).toBe('enqueued')
    expect(await rebind(code, 'waiting@example.test')).toMatchObject({
      status: 409,
      retryAfter: '2',
      body: { code: 'not_sent_yet' },
    })
  })

  test('twenty at once in both directions: every seat has one owner, and the counts are right', async () => {
    const { server } = await startAll()
    const code = await createCode(10, 12)
    const people = Array.from({ length: 20 }, (_, n) => `swap${n}@example.test`)
    await stores.sql('UPDATE redeem_codes SET max_uses = 20 WHERE code = $1', [code])
    await Promise.all(people.map((email) => redeem(server.url, code, email)))
    const answers = await Promise.all(people.map((email) => post(server.url, 'rebind', { code, email })))
    expect(answers.filter(({ status }) => ![202, 409, 503].includes(status))).toEqual([])
    expect(answers.some(({ status }) => status === 202)).toBe(true)
    const teams = await seats(code)
    expect(teams.map(({ taken, members }) => taken === members.length)).toEqual([true, true])
    expect(teams.flatMap(({ members }) => members).sort()).toEqual([...people].sort())
  })

  test('keeps the seat although the mail about it is refused for good', async () => {
    const { server } = await startAll()
    const code = await createCode(1, 1)
    const id = await redeem(server.url, code, 'full-box@example.test')
    sink.behave({ refuseRecipient: () => 550 })
    await post(server.url, 'rebind', { code, email: 'full-box@example.test' })
    const move = async () =>
      (await stores.sql<{ status: string }>('SELECT status FROM rebinds WHERE redemption_id = $1', [id]))[0]?.status
    await eventually(move).toBe('failed')
    sink.behave({})
    expect((await seats(code)).map(({ taken }) => taken)).toEqual([0, 1])
    expect((await find(id))?.['status']).toBe('sent')
  })

  test('is told no more when the mail could not be handed over for an hour, after one more try', async () => {
    const { server, worker } = await startAll({ SWEEP_QUIET_SECONDS: '0' })
    const code = await createCode(1, 1, 1)
    const id = await redeem(server.url, code, 'always-full@example.test')
    await worker.close()
    let tries = 0
    sink.behave({
      refuseRecipient() {
        tries++
        return 452
      },
    })
    await post(server.url, 'rebind', { code, email: 'always-full@example.test' })
    const move = async () =>
      (await stores.sql<{ status: string }>('SELECT status FROM rebinds WHERE redemption_id = $1', [id]))[0]?.status
    await stores.sql("UPDATE rebinds SET created_at = now() - interval '3601 s' WHERE redemption_id = $1", [id])
    await system.startWorker()
    await eventually(move).toBe('failed')
    expect(tries).toBe(1)
    sink.behave({})
    expect((await seats(code)).map(({ taken }) => taken)).toEqual([0, 1, 0])
  })

  test('gets no mail any more when the membership ended before', async () => {
    const { server, worker } = await startAll({ SWEEP_QUIET_SECONDS: '0' })
    const code = await createCode(1, 1)
    const id = await redeem(server.url, code, 'leaver@example.test')
    await worker.close()
    await post(server.url, 'rebind', { code, email: 'leaver@example.test' })
    await stores.sql("UPDATE redemptions SET status = 'expired' WHERE id = $1", [id])
    await system.startWorker()
    const move = async () =>
      (await stores.sql<{ status: string }>('SELECT status FROM rebinds WHERE redemption_id = $1', [id]))[0]?.status
    await eventually(move).toBe('failed')
    expect(mailsOf(id).length).toBe(1)
  })

  test('gets the mail also when its job is lost', async () => {
    const { server, worker } = await startAll({ SWEEP_QUIET_SECONDS: '0' })
    const code = await createCode(1, 1)
    const id = await redeem(server.url, code, 'unlucky@example.test')
    await worker.close()
    await post(server.url, 'rebind', { code, email: 'unlucky@example.test' })
    const [move] = await stores.sql<{ id: string }>('SELECT id FROM rebinds WHERE redemption_id = $1', [id])
    const jobKey = `${stores.keys.bullPrefix}:invite:${move?.id}`
    await eventually(() => stores.redis.exists(jobKey)).toBe(1)
    await stores.redis.del(jobKey)
    await stores.redis.lrem(`${stores.keys.bullPrefix}:invite:wait`, 0, `${move?.id}`)
    await system.startWorker()
    await eventually(() => mailsOf(id).length).toBe(2)
  })
})
