import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InviteQueue } from '../server/queue/invite-queue.ts'
import { eventually } from './testing/eventually.ts'
import { createTestPipeline, type TestPipeline } from './testing/test-pipeline.ts'

const people = (count: number) => Array.from({ length: count }, (_, n) => `person${n}@example.test`)

describe('the outbox relay', () => {
  let pipeline: TestPipeline
  beforeAll(async () => {
    pipeline = await createTestPipeline()
  })
  afterAll(() => pipeline.close())

  async function statuses(ids: readonly string[]) {
    const rows = await Promise.all(ids.map((id) => pipeline.find(id)))
    return [...new Set(rows.map((row) => row?.status))]
  }
  async function pending(ids: readonly string[]) {
    const [row] = await pipeline.sql<{ pending: number }>(
      "SELECT count(*)::int AS pending FROM outbox WHERE status = 'pending' AND redemption_id = ANY($1::uuid[])",
      [ids],
    )
    return row?.pending
  }
  const jobsOf = async (ids: readonly string[]) =>
    (await pipeline.queue.getJobs(['waiting', 'active', 'delayed'])).filter((job) => ids.includes(String(job.id)))
  /** A queue whose `addBulk` is another one; everything else is the real one's. */
  const queueThat = (addBulk: InviteQueue['addBulk']) =>
    Object.create(pipeline.queue, { addBulk: { value: addBulk } }) as InviteQueue

  test('adds a job per redemption, with its id, and marks it as enqueued', async () => {
    const ids = await pipeline.reserve(await pipeline.createCode({ maxUses: 25 }), people(25))
    expect(await jobsOf(ids)).toEqual([])
    pipeline.startRelay()
    await eventually(() => statuses(ids)).toEqual(['enqueued'])
    expect((await jobsOf(ids)).map((job) => job.id).sort()).toEqual([...ids].sort())
    expect(await pending(ids)).toBe(0)
  })

  test('keeps the rows when the queue cannot be reached, and adds the jobs later', async () => {
    const ids = await pipeline.reserve(await pipeline.createCode(), people(5))
    let failures = 0
    const broken = pipeline.startRelay({
      queue: queueThat(async () => {
        failures++
        throw new Error('Redis is away')
      }),
    })
    await eventually(() => failures).toBeGreaterThan(0)
    await broken.stop()
    expect(await pending(ids)).toBe(5)
    expect(await statuses(ids)).toEqual(['reserved'])
    pipeline.startRelay()
    await eventually(() => statuses(ids)).toEqual(['enqueued'])
    expect((await jobsOf(ids)).length).toBe(5)
  })

  test('repeats jobs of which the answer was lost, with the same ids', async () => {
    const ids = await pipeline.reserve(await pipeline.createCode(), people(5))
    let calls = 0
    pipeline.startRelay({
      queue: queueThat(async (jobs) => {
        const added = await pipeline.queue.addBulk(jobs)
        if (++calls === 1) throw new Error('The answer was lost')
        return added
      }),
    })
    await eventually(() => statuses(ids)).toEqual(['enqueued'])
    expect(calls).toBe(2)
    expect((await jobsOf(ids)).length).toBe(5)
  })

  test('adds those again of which the commands failed inside a bulk', async () => {
    const ids = await pipeline.reserve(await pipeline.createCode(), people(5))
    let calls = 0
    pipeline.startRelay({
      queue: queueThat(async (jobs) => {
        calls++
        const added = await pipeline.queue.addBulk(jobs.slice(0, -1))
        // As Bull reports it: a job without an id.
        return [...added, Object.create(added[0] ?? null, { id: { value: undefined } })]
      }),
    })
    await eventually(() => statuses(ids)).toEqual(['enqueued'])
    expect(calls).toBe(1)
    expect((await jobsOf(ids)).length).toBe(5)
  })

  test('goes on when Redis has forgotten its scripts', async () => {
    const code = await pipeline.createCode()
    pipeline.startRelay()
    const before = await pipeline.reserve(code, ['a@example.test'])
    await eventually(() => statuses(before)).toEqual(['enqueued'])
    await pipeline.redis.script('FLUSH')
    const after = await pipeline.reserve(code, people(5))
    await eventually(() => statuses(after)).toEqual(['enqueued'])
    expect((await jobsOf(after)).length).toBe(5)
  })

  test('two relays at once add one job each', async () => {
    const ids = await pipeline.reserve(await pipeline.createCode({ maxUses: 60 }), people(60))
    const added: unknown[] = []
    const queue = queueThat((jobs) => {
      added.push(...jobs.map(({ opts }) => opts?.jobId))
      return pipeline.queue.addBulk(jobs)
    })
    pipeline.startRelay({ queue })
    pipeline.startRelay({ queue })
    await eventually(() => statuses(ids)).toEqual(['enqueued'])
    expect(added.length).toBe(60)
    expect(new Set(added)).toEqual(new Set(ids))
    expect((await jobsOf(ids)).length).toBe(60)
  })

  test('leaves a job alone that the queue has already', async () => {
    const [id = ''] = await pipeline.reserve(await pipeline.createCode(), people(1))
    await pipeline.queue.add({}, { jobId: id, attempts: 99 })
    pipeline.startRelay()
    await eventually(() => statuses([id])).toEqual(['enqueued'])
    expect((await jobsOf([id])).map((job) => job.opts.attempts)).toEqual([99])
  })

  test('does not wait for a redemption that is being refunded, which waits for it', async () => {
    const [id = ''] = await pipeline.reserve(await pipeline.createCode(), people(1))
    const errors = pipeline.errors.length
    let refund: Promise<boolean> | undefined
    pipeline.startRelay({
      queue: queueThat(async (jobs) => {
        const added = await pipeline.queue.addBulk(jobs)
        refund ??= pipeline.refunds.refund(id, 'no_seat')
        await eventually(async () => {
          const [row] = await pipeline.sql<{ waiting: number }>(
            "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
          )
          return row?.waiting
        }).toBe(1)
        return added
      }),
    })
    await eventually(() => statuses([id])).toEqual(['refunded'])
    expect(await refund).toBe(true)
    expect(pipeline.errors.slice(errors)).toEqual([])
  })
})
