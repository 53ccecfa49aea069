import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Codes, createCodes } from '../server/admin/codes.ts'
import { createCodeMaker } from '../server/admin/create-codes.ts'
import type { Database } from '../server/db/database.ts'
import { defineModels } from '../server/db/models/define-models.ts'
import { createBuckets } from '../server/limiters/buckets.ts'
import { enterMode, readMode } from '../server/limiters/enter-mode.ts'
import { connectRedis } from '../server/redis/connect.ts'
import { trackRunId } from '../server/redis/run-id.ts'
import { createGate } from '../server/testing/gate.ts'
import { createTcpProxy } from '../server/testing/tcp-proxy.ts'
import { type BucketRelayParts, startBucketRelay } from './bucket-relay.ts'
import { eventually } from './testing/eventually.ts'
import { createTestPipeline, type TestPipeline } from './testing/test-pipeline.ts'

describe('the bucket relay', () => {
  let pipeline: TestPipeline
  let codes: Codes
  beforeAll(async () => {
    pipeline = await createTestPipeline()
    codes = createCodes(pipeline.db, defineModels(pipeline.db.sequelize))
  })
  afterAll(() => pipeline.close())

  const errors: unknown[] = []
  function startRelay(parts: Partial<BucketRelayParts> = {}): void {
    const onError = (error: unknown) => void errors.push(error)
    const loop = startBucketRelay({ ...pipeline, onError, batchSize: 10, idleMs: 10, ...parts })
    onTestFinished(() => loop.stop())
  }
  const pending = async () => (await pipeline.sql('SELECT 1 FROM bucket_outbox')).length
  const redeem = (code: string, email = 'a@example.test') => pipeline.redeem(code, email)
  const denied = (reason: string) => ({ outcome: 'denied', reason })
  const accepted = { outcome: 'accepted' }
  const bucketExists = (code: string) => pipeline.redis.exists(pipeline.keys.bucket(code))

  test('new codes can be redeemed at once, also one that was remembered as unknown', async () => {
    startRelay()
    const [existing] = await pipeline.sql<{ id: number }>(`INSERT INTO groups (name) VALUES ('new') RETURNING id`)
    const drawn = 'NEW-CODE'
    expect(await redeem(drawn)).toEqual(denied('not_found'))
    expect(await bucketExists(drawn)).toBe(1)
    const make = createCodeMaker(pipeline.db, () => drawn)
    await make({ group_id: existing?.id ?? 0, count: 1, kind: 'shared', max_uses: 1 })
    await eventually(() => redeem(drawn)).toMatchObject(accepted)
    expect(await redeem(drawn, 'b@example.test')).toEqual(denied('used_up'))
  })

  test('a batch larger than a round: every bucket stands before anybody asks', async () => {
    startRelay()
    const [group] = await pipeline.sql<{ id: number }>(`INSERT INTO groups (name) VALUES ('batch') RETURNING id`)
    const make = createCodeMaker(pipeline.db)
    const made = await make({ group_id: group?.id ?? 0, count: 35, kind: 'shared', max_uses: 3 })
    await eventually(pending).toBe(0)
    await eventually(async () => (await Promise.all(made.map(pipeline.usesLeft))).every((left) => left === 3)).toBe(
      true,
    )
  })

  test('a deactivated code is not found any more, and an activated one is again', async () => {
    const code = await pipeline.createCode()
    expect(await redeem(code)).toMatchObject(accepted)
    pipeline.startConsumers()
    startRelay()
    await codes.change(code, { is_active: false })
    await eventually(() => redeem(code, 'b@example.test')).toEqual(denied('not_found'))
    await codes.change(code, { is_active: true })
    await eventually(() => redeem(code, 'c@example.test')).toMatchObject(accepted)
  })

  test('raised max_uses: just so many more', async () => {
    const code = await pipeline.createCode({ maxUses: 1 })
    await redeem(code)
    await pipeline.settle()
    expect(await redeem(code, 'b@example.test')).toEqual(denied('used_up'))
    startRelay()
    await codes.change(code, { max_uses: 2 })
    await eventually(() => redeem(code, 'b@example.test')).toMatchObject(accepted)
    await pipeline.settle()
    expect(await redeem(code, 'c@example.test')).toEqual(denied('used_up'))
  })

  test('uses that Postgres does not have yet are not forgotten', async () => {
    const code = await pipeline.createCode({ maxUses: 2 })
    await redeem(code, 'a@example.test')
    await redeem(code, 'b@example.test')
    startRelay()
    await codes.change(code, { max_uses: 3 })
    await eventually(pending).toBe(0)
    const third = redeem(code, 'c@example.test')
    await pipeline.settle()
    expect(await third).toMatchObject(accepted)
    await pipeline.settle()
    expect(await redeem(code, 'd@example.test')).toEqual(denied('used_up'))
  })

  test('a rebuild under way that has read the code before its change does not win', async () => {
    const code = await pipeline.createCode()
    const hasRead = createGate()
    const goOn = createGate()
    const query: Database['query'] = async (statement, values) => {
      const rows = await pipeline.db.query<never>(statement, values)
      if (statement.name === 'find-bucket-contents') {
        hasRead.open()
        await goOn.opened
      }
      return rows
    }
    const generation = (await readMode(pipeline.redis, pipeline.keys))?.generation ?? ''
    const slow = createBuckets({ ...pipeline, db: { ...pipeline.db, query }, generation: () => generation })
    const rebuild = slow.ensureAll([code])
    await hasRead.opened
    await codes.change(code, { is_active: false })
    startRelay()
    await eventually(pending).toBe(0)
    goOn.open()
    await rebuild
    expect(await redeem(code)).toEqual(denied('not_found'))
  })

  test('two relays carry each change once', async () => {
    startRelay({ batchSize: 3 })
    startRelay({ batchSize: 3 })
    const made = await Promise.all(Array.from({ length: 12 }, () => pipeline.createCode({ maxUses: 1 })))
    const before = errors.length
    await Promise.all(made.map((code) => codes.change(code, { max_uses: 4 })))
    await eventually(pending).toBe(0)
    await eventually(async () => (await Promise.all(made.map(pipeline.usesLeft))).every((left) => left === 4)).toBe(
      true,
    )
    expect(errors.slice(before)).toEqual([])
  })

  test('while Redis is away a change is kept; then it is carried', async () => {
    const code = await pipeline.createCode()
    expect(await redeem(code)).toMatchObject(accepted)
    await pipeline.settle()
    const proxy = await createTcpProxy(pipeline.redisUrl)
    onTestFinished(proxy.close)
    const redis = connectRedis({ ...pipeline.connection, url: proxy.url })
    onTestFinished(() => redis.disconnect())
    const runId = trackRunId(redis)
    await runId.known(10_000)
    proxy.cut()
    await codes.change(code, { is_active: false })
    const before = errors.length
    startRelay({ redis, runId })
    await eventually(() => errors.length).toBeGreaterThan(before)
    expect(await pending()).toBe(1)
    expect(await redeem(code, 'b@example.test')).toMatchObject(accepted)
    await pipeline.settle()
    proxy.heal()
    await eventually(pending).toBe(0)
    await eventually(() => redeem(code, 'c@example.test')).toEqual(denied('not_found'))
  })

  test('in a mode without buckets the changes are dropped', async () => {
    const code = await pipeline.createCode()
    await enterMode(pipeline.redis, pipeline.keys, 'none')
    startRelay()
    await codes.change(code, { max_uses: 3 })
    await eventually(pending).toBe(0)
    expect(await bucketExists(code)).toBe(0)
  })
})
