import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../server/db/database.ts'
import { UnavailableError } from '../server/errors.ts'
import { eventually } from './testing/eventually.ts'
import { createTestPipeline, type TestPipeline } from './testing/test-pipeline.ts'

const people = (count: number, name = 'person') => Array.from({ length: count }, (_, n) => `${name}${n}@example.test`)

describe('the ledger consumer', () => {
  let pipeline: TestPipeline
  beforeAll(async () => {
    pipeline = await createTestPipeline()
  })
  afterAll(() => pipeline.close())

  const streamOf = (code: string) => pipeline.keys.stream(pipeline.keys.shardOf(code))
  const backlog = async (code: string) => pipeline.redis.xlen(streamOf(code))
  async function countRows(code: string) {
    const [row] = await pipeline.sql<{ rows: number; queued: number }>(
      `SELECT count(*)::int AS rows, count(o.redemption_id)::int AS queued
       FROM redemptions r LEFT JOIN outbox o ON o.redemption_id = r.id WHERE r.code = $1`,
      [code],
    )
    return row
  }
  /** Puts an entry into a code's stream by hand, as a bucket that knows nothing of the ledger would. */
  const append = (code: string, id: string, email: string) =>
    pipeline.redis.xadd(streamOf(code), '*', 'id', id, 'code', code, 'email', email)
  async function stopAll(loops: { stop(): Promise<void> }[]) {
    await Promise.all(loops.map((loop) => loop.stop()))
  }

  test('writes each entry once, with its outbox row and its use', async () => {
    const code = await pipeline.createCode({ maxUses: 250 })
    const ids = await pipeline.accept(code, people(250))
    pipeline.startConsumers()
    await eventually(() => backlog(code)).toBe(0)
    expect(await countRows(code)).toEqual({ rows: 250, queued: 250 })
    expect(await pipeline.usedCount(code)).toBe(250)
    expect(await pipeline.redis.hlen(pipeline.keys.uncommitted(pipeline.keys.shardOf(code)))).toBe(0)
    const rows = await pipeline.sql<{ id: string }>('SELECT id FROM redemptions WHERE code = $1', [code])
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(ids))
  })

  test('an entry that was committed and not acknowledged is not written again', async () => {
    const code = await pipeline.createCode({ maxUses: 10 })
    const [id = ''] = await pipeline.accept(code, ['a@example.test'])
    const [entry] = await pipeline.redis.xrange(streamOf(code), '-', '+')
    await pipeline.settle()
    expect(await pipeline.usedCount(code)).toBe(1)
    await pipeline.redis.xadd(streamOf(code), '*', ...(entry?.[1] ?? []))
    pipeline.startConsumers()
    await eventually(() => backlog(code)).toBe(0)
    expect(await countRows(code)).toEqual({ rows: 1, queued: 1 })
    expect(await pipeline.usedCount(code)).toBe(1)
    expect((await pipeline.find(id))?.status).toBe('reserved')
  })

  test('two consumers at once write each entry once', async () => {
    const code = await pipeline.createCode({ maxUses: 400 })
    await pipeline.accept(code, people(400))
    pipeline.startConsumers({ batchSize: 20 })
    pipeline.startConsumers({ batchSize: 20 })
    await eventually(() => backlog(code)).toBe(0)
    expect(await countRows(code)).toEqual({ rows: 400, queued: 400 })
    expect(await pipeline.usedCount(code)).toBe(400)
  })

  test('entries that a dead consumer left behind are taken over', async () => {
    const code = await pipeline.createCode({ maxUses: 10 })
    await pipeline.accept(code, people(3))
    const stream = streamOf(code)
    await pipeline.redis.xgroup('CREATE', stream, 'ledger', '0', 'MKSTREAM').catch(() => {})
    await pipeline.redis.xreadgroup('GROUP', 'ledger', 'dead', 'COUNT', 10, 'STREAMS', stream, '>')
    const [[first = '']] = (await pipeline.redis.xpending(stream, 'ledger', '-', '+', 1)) as [[string]]
    const pending = (await pipeline.redis.xpending(stream, 'ledger', '-', '+', 10)) as [string][]
    expect(pending.length).toBe(3)
    expect(first).not.toBe('')
    // Nobody has heard of it for a minute.
    const ids = pending.map(([id]) => id)
    await pipeline.redis.call('XCLAIM', stream, 'ledger', 'dead', '0', ...ids, 'IDLE', '60000')
    pipeline.startConsumers()
    await eventually(() => backlog(code)).toBe(0)
    expect(await pipeline.usedCount(code)).toBe(3)
  })

  test('nothing is lost while Postgres is away', async () => {
    const code = await pipeline.createCode({ maxUses: 50 })
    let failures = 2
    const db: Database = {
      ...pipeline.db,
      async query(statement, values) {
        if (failures-- > 0) throw new UnavailableError('The connection to Postgres failed')
        return pipeline.db.query(statement, values)
      },
    }
    await pipeline.accept(code, people(50))
    pipeline.startConsumers({ db })
    await eventually(() => backlog(code)).toBe(0)
    expect(pipeline.errors.length).toBeGreaterThan(0)
    expect(await countRows(code)).toEqual({ rows: 50, queued: 50 })
    expect(await pipeline.usedCount(code)).toBe(50)
  })

  test('a crash between commit and acknowledgement writes nothing twice', async () => {
    const code = await pipeline.createCode({ maxUses: 50 })
    let crash = true
    const db: Database = {
      ...pipeline.db,
      async query<Row extends object>(...args: Parameters<Database['query']>) {
        const rows = await pipeline.db.query<Row>(...args)
        if (!crash) return rows
        crash = false
        throw new UnavailableError('The answer was lost')
      },
    }
    await pipeline.accept(code, people(20))
    pipeline.startConsumers({ db })
    await eventually(() => backlog(code)).toBe(0)
    expect(crash).toBe(false)
    expect(await countRows(code)).toEqual({ rows: 20, queued: 20 })
    expect(await pipeline.usedCount(code)).toBe(20)
  })

  test('an entry of a code that Postgres does not know is refunded; the others of its batch are written', async () => {
    const code = await pipeline.createCode({ maxUses: 10 })
    const [unknownId, code2] = [randomUUID(), `NO-${randomUUID().slice(0, 8)}`]
    await pipeline.redis.xadd(streamOf(code), '*', 'id', unknownId, 'code', code2, 'email', 'a@example.test')
    const ids = await pipeline.accept(code, people(3))
    pipeline.startConsumers()
    await eventually(() => backlog(code)).toBe(0)
    expect(await pipeline.find(unknownId)).toMatchObject({ status: 'refunding', refund_reason: 'unknown_code' })
    expect(await countRows(code2)).toEqual({ rows: 1, queued: 0 })
    for (const id of ids) expect((await pipeline.find(id))?.status).toBe('reserved')
    expect(await pipeline.usedCount(code)).toBe(3)
    pipeline.startSweeper()
    await eventually(async () => (await pipeline.find(unknownId))?.status).toBe('refunded')
  })

  test('a use beyond max_uses is refunded, and the bucket learns the truth', async () => {
    const code = await pipeline.createCode({ maxUses: 3 })
    await pipeline.accept(code, ['a@example.test'])
    await pipeline.settle()
    await pipeline.sql('UPDATE redeem_codes SET max_uses = 2 WHERE code = $1', [code])
    const ids = await pipeline.accept(code, ['b@example.test', 'c@example.test'])
    const loops = pipeline.startConsumers()
    pipeline.startSweeper()
    const statuses = async () => (await Promise.all(ids.map((id) => pipeline.find(id)))).map((row) => row?.status)
    await eventually(async () => (await statuses()).sort()).toEqual(['refunded', 'reserved'])
    await eventually(() => pipeline.usesLeft(code)).toBe(0)
    expect(await pipeline.usedCount(code)).toBe(2)
    await stopAll(loops)
    const again = await pipeline.redeem(code, 'd@example.test')
    expect(again).toEqual({ outcome: 'denied', reason: 'used_up' })
  })

  test('a second active redemption of a person is refunded, and the bucket learns of the first', async () => {
    const code = await pipeline.createCode({ maxUses: 5 })
    await pipeline.accept(code, ['a@example.test'])
    await pipeline.settle()
    const [first = ''] = await pipeline.reserve(code, ['b@example.test'])
    const [second = ''] = await pipeline.accept(code, ['b@example.test'])
    pipeline.startConsumers()
    pipeline.startSweeper()
    await eventually(async () => (await pipeline.find(second))?.status).toBe('refunded')
    expect((await pipeline.find(second))?.refund_reason).toBe('already_redeemed')
    expect((await pipeline.find(first))?.status).toBe('reserved')
    await eventually(() => pipeline.usesLeft(code)).toBe(3)
    expect(await pipeline.usedCount(code)).toBe(2)
    expect(await pipeline.redeem(code, 'b@example.test')).toMatchObject({ outcome: 'repeated', redemptionId: first })
  })

  test('an entry that nobody can read is set aside, and the others go on', async () => {
    const code = await pipeline.createCode({ maxUses: 10 })
    const shard = pipeline.keys.shardOf(code)
    const before = await pipeline.redis.xlen(pipeline.keys.deadEntries(shard))
    await pipeline.accept(code, people(2))
    await pipeline.redis.xadd(streamOf(code), '*', 'nonsense', 'x')
    await append(code, '-'.repeat(36), 'a@example.test')
    await append(code, randomUUID(), 'nul\0@example.test')
    pipeline.startConsumers()
    await eventually(() => backlog(code)).toBe(0)
    expect(await pipeline.redis.xlen(pipeline.keys.deadEntries(shard))).toBe(before + 3)
    expect(await pipeline.usedCount(code)).toBe(2)
  })

  test('an entry that was deleted under a consumer does not hold it up', async () => {
    const code = await pipeline.createCode({ maxUses: 10 })
    const stream = streamOf(code)
    await pipeline.accept(code, people(2))
    await pipeline.redis.xgroup('CREATE', stream, 'ledger', '0', 'MKSTREAM').catch(() => {})
    let failures = 1
    const db: Database = {
      ...pipeline.db,
      async query(statement, values) {
        if (failures-- > 0) {
          const [entry] = await pipeline.redis.xrange(stream, '-', '+', 'COUNT', 1)
          await pipeline.redis.xdel(stream, entry?.[0] ?? '')
          throw new UnavailableError('The connection to Postgres failed')
        }
        return pipeline.db.query(statement, values)
      },
    }
    pipeline.startConsumers({ db })
    await eventually(() => pipeline.usedCount(code)).toBe(1)
    await eventually(async () => ((await pipeline.redis.xpending(stream, 'ledger')) as [number])[0]).toBe(0)
  })

  test('a code or an address that is called like a field is read rightly', async () => {
    await pipeline.sql(
      "INSERT INTO redeem_codes (code, group_id, max_uses) SELECT 'email', min(id), 5 FROM groups RETURNING code",
    )
    const [id = ''] = await pipeline.accept('email', ['a@example.test'])
    pipeline.startConsumers()
    await eventually(() => pipeline.find(id)).toMatchObject({ status: 'reserved' })
    const [row] = await pipeline.sql<{ email: string }>('SELECT email FROM redemptions WHERE id = $1', [id])
    expect(row?.email).toBe('a@example.test')
  })
})
