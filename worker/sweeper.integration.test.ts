import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claimInvites } from '../server/db/ledger/claim-invites.ts'
import { beginRefund } from '../server/db/ledger/refund.ts'
import { flagUnknownOutcome, releaseClaim } from '../server/db/ledger/settle-invites.ts'
import { giveBack } from '../server/limiters/give-back.ts'
import { createLogger } from '../server/logger.ts'
import { addInvites } from '../server/queue/invite-queue.ts'
import { createRefunds } from '../server/redeem/refunds.ts'
import { startSweeper } from './sweeper.ts'
import { eventually } from './testing/eventually.ts'
import { createTestPipeline, type TestPipeline } from './testing/test-pipeline.ts'

const people = (count: number) => Array.from({ length: count }, (_, n) => `person${n}@example.test`)

describe('the sweeper', () => {
  let pipeline: TestPipeline
  beforeAll(async () => {
    pipeline = await createTestPipeline()
  })
  // Nothing unfinished is left over from the test before.
  beforeEach(async () => {
    await pipeline.sql("UPDATE redemptions SET status = 'expired' WHERE unfinished")
    await pipeline.sql('DELETE FROM outbox')
    await pipeline.queue.empty()
  })
  afterAll(() => pipeline.close())

  const statusOf = async (id: string) => (await pipeline.find(id))?.status
  const makeOverdue = (ids: readonly string[]) =>
    pipeline.sql("UPDATE redemptions SET deadline_at = now() - interval '1 s' WHERE id = ANY($1::uuid[])", [ids])
  async function outboxOf(id: string) {
    const [row] = await pipeline.sql<{ status: string }>('SELECT status FROM outbox WHERE redemption_id = $1', [id])
    return row?.status
  }
  async function enqueue(id: string) {
    const relay = pipeline.startRelay()
    await eventually(() => statusOf(id)).toBe('enqueued')
    await relay.stop()
  }
  async function claim(id: string, leaseSeconds = 60) {
    const outcome = (await claimInvites(pipeline.db, [id], leaseSeconds)).get(id)
    if (outcome?.outcome !== 'claimed') throw new Error(`expected a claim, got ${outcome?.outcome}`)
    return outcome.claim
  }
  /** Lets the sweeper look at everything a few times. */
  async function sweep() {
    const sweeper = pipeline.startSweeper()
    await new Promise((resolve) => setTimeout(resolve, 200))
    await sweeper.stop()
  }

  test('puts a redemption whose job was lost back into the outbox; the relay adds the job', async () => {
    const [id = ''] = await pipeline.reserve(await pipeline.createCode(), people(1))
    await enqueue(id)
    await (await pipeline.queue.getJob(id))?.remove()
    pipeline.startSweeper()
    await eventually(() => outboxOf(id)).toBe('pending')
    pipeline.startRelay()
    await eventually(async () => (await pipeline.queue.getJob(id))?.id).toBe(id)
  })

  test('removes a dead job first, so that its id can be added again', async () => {
    const [id = ''] = await pipeline.reserve(await pipeline.createCode(), people(1))
    await enqueue(id)
    const job = await pipeline.queue.getNextJob()
    await job?.discard()
    await job?.moveToFailed({ message: 'dead' })
    expect(job?.id).toBe(id)
    expect(await job?.isFailed()).toBe(true)
    pipeline.startSweeper()
    pipeline.startRelay()
    await eventually(async () => (await pipeline.queue.getJob(id))?.isWaiting() ?? false).toBe(true)
  })

  test('finds a lost job behind more live ones than it looks at in a round', async () => {
    const code = await pipeline.createCode()
    const rows = await pipeline.sql<{ id: string }>(
      `INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at, updated_at)
       SELECT gen_random_uuid(), $1, n || '@example.test', 'enqueued', now(), now() + interval '1 h', now() - interval '1 h'
       FROM generate_series(1, 600) AS n RETURNING id`,
      [code],
    )
    const ids = rows.map(({ id }) => id)
    await addInvites(
      pipeline.queue,
      ids.map((id) => ({ id, kind: 'invite' })),
    )
    const [lost = ''] = await pipeline.reserve(await pipeline.createCode(), people(1))
    await pipeline.sql("UPDATE outbox SET status = 'done' WHERE redemption_id = $1", [lost])
    pipeline.startSweeper()
    await eventually(() => outboxOf(lost)).toBe('pending')
  })

  test('leaves live jobs alone: waiting, delayed and active', async () => {
    const ids = await pipeline.reserve(await pipeline.createCode(), people(3))
    for (const id of ids) await enqueue(id)
    const active = String((await pipeline.queue.getNextJob())?.id)
    expect(ids).toContain(active)
    const [waiting = '', delayed = ''] = ids.filter((id) => id !== active)
    await (await pipeline.queue.getJob(delayed))?.remove()
    await pipeline.queue.add({}, { jobId: delayed, delay: 3_600_000 })
    await sweep()
    for (const id of ids) expect(await outboxOf(id)).toBe('done')
    expect(await (await pipeline.queue.getJob(active))?.isActive()).toBe(true)
    expect(await (await pipeline.queue.getJob(waiting))?.isWaiting()).toBe(true)
    expect(await (await pipeline.queue.getJob(delayed))?.isDelayed()).toBe(true)
  })

  test.each(['reserved', 'enqueued', 'seated'])('refunds what passed its deadline: %s', async (status) => {
    const code = await pipeline.createCode({ maxUses: 1, seats: 1 })
    const [id = ''] = await pipeline.accept(code, ['a@example.test'])
    await pipeline.settle()
    if (status === 'enqueued') await enqueue(id)
    if (status === 'seated') await releaseClaim(pipeline.db, id, (await claim(id)).token)
    expect(await statusOf(id)).toBe(status)
    await makeOverdue([id])
    pipeline.startSweeper()
    await eventually(() => statusOf(id)).toBe('refunded')
    expect(await pipeline.find(id)).toMatchObject({ refund_reason: 'deadline_passed' })
    expect(await pipeline.usedCount(code)).toBe(0)
    await eventually(() => pipeline.usesLeft(code)).toBe(1)
    const [seats] = await pipeline.sql<{ taken: number }>(
      `SELECT (SELECT sum(seats_taken) FROM teams WHERE name = $1)::int
            + (SELECT count(*) FROM team_members WHERE redemption_id = $2)::int AS taken`,
      [`team of ${code}`, id],
    )
    expect(seats?.taken).toBe(0)
    expect(await pipeline.redeem(code, 'a@example.test')).toMatchObject({ outcome: 'accepted' })
    await pipeline.settle()
  })

  test('never touches a live claim', async () => {
    const code = await pipeline.createCode()
    const [id = ''] = await pipeline.reserve(code, people(1))
    await claim(id)
    await makeOverdue([id])
    await sweep()
    expect(await statusOf(id)).toBe('sending')
    expect(await pipeline.usedCount(code)).toBe(1)
  })

  test('a claim that died is queued again before the deadline, and counts as sent after it', async () => {
    const code = await pipeline.createCode()
    const [id = ''] = await pipeline.reserve(code, people(1))
    await claim(id)
    await pipeline.sql('UPDATE redemptions SET claimed_until = now() WHERE id = $1', [id])
    await pipeline.sql("UPDATE outbox SET status = 'done' WHERE redemption_id = $1", [id])
    const sweeper = pipeline.startSweeper()
    await eventually(() => outboxOf(id)).toBe('pending')
    await sweeper.stop()
    expect(await statusOf(id)).toBe('sending')
    await makeOverdue([id])
    pipeline.startSweeper()
    await eventually(() => statusOf(id)).toBe('sent')
    expect((await pipeline.find(id))?.outcome_unknown).toBe(true)
    expect(await pipeline.usedCount(code)).toBe(1)
  })

  test('a mail of unknown outcome is never refunded, also when a later try certainly failed', async () => {
    const code = await pipeline.createCode()
    const [id = ''] = await pipeline.reserve(code, people(1))
    await flagUnknownOutcome(pipeline.db, id, (await claim(id)).token)
    await releaseClaim(pipeline.db, id, (await claim(id)).token)
    expect(await statusOf(id)).toBe('seated')
    expect(await pipeline.refunds.refund(id, 'mail_rejected')).toBe(false)
    await makeOverdue([id])
    pipeline.startSweeper()
    await eventually(() => statusOf(id)).toBe('sent')
    expect(await pipeline.usedCount(code)).toBe(1)
  })

  test.each(['before the use was given back', 'after it'])(
    'finishes a refund that was interrupted %s, once',
    async (when) => {
      const code = await pipeline.createCode({ maxUses: 3 })
      const [id = ''] = await pipeline.accept(code, people(2))
      await pipeline.settle()
      const refund = await beginRefund(pipeline.db, id, 'deadline_passed')
      if (refund === undefined) throw new Error('expected a refund')
      const buckets = { identity: () => pipeline.redis.hget(pipeline.keys.bucket(code), 'run_id') }
      if (when === 'after it') await giveBack({ ...pipeline, buckets: buckets as never }, refund)
      await pipeline.sql("UPDATE redemptions SET updated_at = now() - interval '3 s' WHERE id = $1", [id])
      pipeline.startSweeper()
      pipeline.startSweeper()
      await eventually(() => statusOf(id)).toBe('refunded')
      expect(await pipeline.usesLeft(code)).toBe(2)
      expect(await pipeline.usedCount(code)).toBe(1)
      const records = await pipeline.sql(
        "SELECT 1 FROM invite_records WHERE redemption_id = $1 AND status = 'refunded'",
        [id],
      )
      expect(records.length).toBe(1)
    },
  )

  test.each(['another mode was named by a server that was refused', 'Redis lost the name of the mode'])(
    'the use comes back to its bucket although %s',
    async (what) => {
      const code = await pipeline.createCode({ maxUses: 1 })
      const [id = ''] = await pipeline.accept(code, people(1))
      await pipeline.settle()
      const known = await pipeline.redis.hgetall(pipeline.keys.mode)
      if (what.startsWith('Redis')) await pipeline.redis.del(pipeline.keys.mode)
      else await pipeline.redis.hset(pipeline.keys.mode, 'name', 'none')
      try {
        const refunds = createRefunds({ ...pipeline, logger: createLogger('silent', 'test') })
        expect(await refunds.refund(id, 'no_seat')).toBe(true)
      } finally {
        await pipeline.redis.hset(pipeline.keys.mode, known)
      }
      expect(await pipeline.redeem(code, 'somebody-else@example.test')).toMatchObject({ outcome: 'accepted' })
      expect(await pipeline.usesLeft(code)).toBe(0)
      await pipeline.settle()
    },
  )

  test('a take that was sent once more after its refund costs nobody a use', async () => {
    const code = await pipeline.createCode({ maxUses: 3 })
    const [email = ''] = people(1)
    const [id = ''] = await pipeline.accept(code, [email])
    await pipeline.settle()
    const refunds = createRefunds({ ...pipeline, logger: createLogger('silent', 'test') })
    expect(await refunds.refund(id, 'no_seat')).toBe(true)
    await pipeline.redis.hset(pipeline.keys.holders(code), email, id)
    await pipeline.redis.hincrby(pipeline.keys.bucket(code), 'left', -1)
    expect(await pipeline.redeem(code, email)).toMatchObject({ outcome: 'accepted' })
    expect(await pipeline.usesLeft(code)).toBe(2)
    await pipeline.settle()
  })

  test('a bucket that was rebuilt in the middle of a refund gets its use back all the same', async () => {
    const code = await pipeline.createCode({ maxUses: 3 })
    const [id = ''] = await pipeline.accept(code, people(1))
    await pipeline.settle()
    let rebuilt = false
    const db = Object.create(pipeline.db, {
      query: {
        async value(...[statement, values]: Parameters<typeof pipeline.db.query>) {
          if (statement.name === 'finish-refund') {
            await pipeline.redis.del(pipeline.keys.bucket(code))
            await pipeline.redeem(code, 'somebody-else@example.test')
            rebuilt = true
          }
          return pipeline.db.query(statement, values)
        },
      },
    })
    const refunds = createRefunds({ ...pipeline, db, logger: createLogger('silent', 'test') })
    expect(await refunds.refund(id, 'no_seat')).toBe(true)
    expect(rebuilt).toBe(true)
    expect(await pipeline.usesLeft(code)).toBe(2)
    await pipeline.settle()
    expect(await pipeline.redeem(code, people(1)[0] ?? '')).toMatchObject({ outcome: 'accepted' })
    await pipeline.settle()
  })

  test('two sweepers at once refund once', async () => {
    const code = await pipeline.createCode({ maxUses: 50 })
    const ids = await pipeline.accept(code, people(50))
    await pipeline.settle()
    await makeOverdue(ids)
    const errors = pipeline.errors.length
    pipeline.startSweeper()
    pipeline.startSweeper()
    await eventually(async () => [...new Set(await Promise.all(ids.map(statusOf)))]).toEqual(['refunded'])
    expect(await pipeline.usedCount(code)).toBe(0)
    await eventually(() => pipeline.usesLeft(code)).toBe(50)
    const records = await pipeline.sql(
      "SELECT 1 FROM invite_records WHERE redemption_id = ANY($1::uuid[]) AND status = 'refunded'",
      [ids],
    )
    expect(records.length).toBe(50)
    expect(pipeline.errors.slice(errors)).toEqual([])
  })

  test('one refund that cannot be finished now does not keep the others waiting', async () => {
    const ids = await pipeline.reserve(await pipeline.createCode({ maxUses: 5 }), people(3))
    await makeOverdue(ids)
    const [stuck = '', ...others] = ids
    const errors: unknown[] = []
    const sweeper = startSweeper({
      db: pipeline.db,
      queue: pipeline.queue,
      logger: createLogger('silent', 'test'),
      onError: (error) => errors.push(error),
      intervalMs: 10,
      quietSeconds: 0,
      refunds: {
        resume: pipeline.refunds.resume,
        async refund(id, reason) {
          if (id === stuck) throw new Error('not now')
          return pipeline.refunds.refund(id, reason)
        },
      },
    })
    await eventually(async () => [...new Set(await Promise.all(others.map(statusOf)))]).toEqual(['refunded'])
    await sweeper.stop()
    expect(await statusOf(stuck)).toBe('reserved')
    expect(errors.length).toBeGreaterThan(0)
    await pipeline.refunds.refund(stuck, 'deadline_passed')
  })
})
