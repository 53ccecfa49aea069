import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UnavailableError } from '../errors.ts'
import { loadScript } from '../redis/script.ts'
import { createTestDeadline, createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createBuckets } from './buckets.ts'
import { enterMode } from './enter-mode.ts'
import { createTokenBucket } from './token-bucket.ts'

describe('the token bucket', () => {
  let stores: TestStores
  let generation = ''
  beforeAll(async () => {
    stores = await createTestStores()
    generation = await enterMode(stores.redis, stores.keys, 'token-bucket')
  })
  afterAll(() => stores.close())

  function createProcess() {
    const parts = { ...stores, generation: () => generation }
    return createTokenBucket(parts, createBuckets(parts))
  }
  const redeem = (limiter: ReturnType<typeof createProcess>, code: string, email: string, deadlineMs?: number) =>
    limiter.reserve(
      { redemptionId: stores.keys.newRedemptionId(code), code, email, kind: 'shared' },
      createTestDeadline(deadlineMs),
    )
  const redeemMany = (limiter: ReturnType<typeof createProcess>, code: string, people: number, prefix: string) =>
    Promise.all(Array.from({ length: people }, (_, n) => redeem(limiter, code, `${prefix}${n}@example.test`)))
  const count = (answers: { outcome: string }[], outcome: string) =>
    answers.filter((answer) => answer.outcome === outcome).length
  async function counters() {
    const values = async (metric: { get(): Promise<{ values: { value: number }[] }> }) =>
      (await metric.get()).values.reduce((sum, { value }) => sum + value, 0)
    const { redisRoundTrips, sqlStatements } = stores.metrics
    return { roundTrips: await values(redisRoundTrips), statements: await values(sqlStatements) }
  }

  test('accepts with one round trip to Redis and no SQL', async () => {
    const [limiter, code] = [createProcess(), await stores.createCode({ maxUses: 100 })]
    await redeem(limiter, code, 'first@example.test')
    const before = await counters()
    await redeemMany(limiter, code, 50, 'person')
    const after = await counters()
    expect(after.roundTrips - before.roundTrips).toBe(50)
    expect(after.statements - before.statements).toBe(0)
    await stores.settle()
  })

  test('a lost bucket is rebuilt from the ledger: neither a use nor a holder is forgotten', async () => {
    const [limiter, code] = [createProcess(), await stores.createCode({ maxUses: 10 })]
    expect(count(await redeemMany(limiter, code, 3, 'early'), 'accepted')).toBe(3)
    await stores.settle()
    await stores.redis.del(stores.keys.bucket(code), stores.keys.holders(code))
    expect(count(await redeemMany(limiter, code, 3, 'early'), 'repeated')).toBe(3)
    expect(count(await redeemMany(limiter, code, 20, 'late'), 'accepted')).toBe(7)
    await stores.settle()
  })

  test('a bucket of another Redis is never believed', async () => {
    const [limiter, code] = [createProcess(), await stores.createCode({ maxUses: 2 })]
    await redeem(limiter, code, 'a@example.test')
    await stores.settle()
    await stores.redis.hset(stores.keys.bucket(code), 'run_id', 'before-the-restart', 'left', 999)
    expect(count(await redeemMany(limiter, code, 20, 'late'), 'accepted')).toBe(1)
    await stores.settle()
  })

  test('a rebuild waits for what the stream still holds of this code, and only of this', async () => {
    const limiter = createProcess()
    const [behind, other] = [await stores.createCode({ maxUses: 2 }), await stores.createCode()]
    await redeem(limiter, behind, 'a@example.test')
    await stores.redis.del(stores.keys.bucket(behind))
    await expect(redeem(limiter, behind, 'b@example.test', 200)).rejects.toThrow(UnavailableError)
    expect((await redeem(limiter, other, 'b@example.test')).outcome).toBe('accepted')
    const late = redeemMany(limiter, behind, 5, 'late')
    await stores.settle()
    expect(count(await late, 'accepted')).toBe(1)
    await stores.settle()
  })

  test('many who wait share one rebuild', async () => {
    const [limiter, code] = [createProcess(), await stores.createCode({ maxUses: 100 })]
    const before = await counters()
    expect(count(await redeemMany(limiter, code, 100, 'person'), 'accepted')).toBe(100)
    expect((await counters()).statements - before.statements).toBe(1)
    await stores.settle()
  })

  test('a rebuild that lost its lock writes nothing', async () => {
    const code = await stores.createCode()
    const finish = loadScript(import.meta.url, 'bucket-identity.lua', 'bucket-finish-rebuild.lua')
    const { keys, redis } = stores
    await redis.set(keys.rebuildLock(code), 'a later rebuild')
    const scriptKeys = [keys.bucket(code), keys.rebuildLock(code), keys.holders(code), 'unused']
    const written = await finish.run(redis, scriptKeys, ['run', 'an earlier rebuild', 'active', 99, '', '', ''])
    expect(written).toBe(0)
    expect(await redis.exists(keys.bucket(code))).toBe(0)
    await redis.del(keys.rebuildLock(code))
  })

  test('entering another mode makes every bucket invalid', async () => {
    const [limiter, code] = [createProcess(), await stores.createCode({ maxUses: 2 })]
    await redeem(limiter, code, 'a@example.test')
    await stores.settle()
    await enterMode(stores.redis, stores.keys, 'none')
    await stores.sql('UPDATE redeem_codes SET max_uses = 1 WHERE code = $1', [code])
    generation = await enterMode(stores.redis, stores.keys, 'token-bucket')
    expect(await redeem(createProcess(), code, 'b@example.test')).toEqual({ outcome: 'denied', reason: 'used_up' })
  })

  test('an unknown code is remembered as such for a moment', async () => {
    const [limiter, code] = [createProcess(), `NO-${randomUUID()}`]
    await redeem(limiter, code, 'a@example.test')
    const before = await counters()
    const answers = await redeemMany(limiter, code, 20, 'person')
    expect(answers[0]).toEqual({ outcome: 'denied', reason: 'not_found' })
    expect((await counters()).statements - before.statements).toBe(0)
    expect(await stores.redis.pttl(stores.keys.bucket(code))).toBeGreaterThan(0)
  })

  test('a bucket with refill gives its uses no faster than that', async () => {
    const [limiter, code] = [createProcess(), await stores.createCode({ maxUses: 100, refillPerSecond: 0.001 })]
    expect((await redeem(limiter, code, 'a@example.test')).outcome).toBe('accepted')
    const second = await redeem(limiter, code, 'b@example.test')
    expect(second).toMatchObject({ outcome: 'denied', reason: 'rate_limited' })
    expect(second.outcome === 'denied' && second.retryAfterSeconds).toBeGreaterThan(900)
    await stores.settle()
  })

  test('a script that Redis forgot is sent again', async () => {
    const [limiter, code] = [createProcess(), await stores.createCode()]
    await redeem(limiter, code, 'a@example.test')
    await stores.redis.script('FLUSH')
    expect((await redeem(limiter, code, 'b@example.test')).outcome).toBe('accepted')
    await stores.settle()
  })

  test('a connection that breaks in the middle takes no use twice', async () => {
    const [limiter, code] = [createProcess(), await stores.createCode({ maxUses: 200 })]
    await redeem(limiter, code, 'first@example.test')
    const answers = redeemMany(limiter, code, 100, 'person')
    stores.redis.disconnect(true)
    expect(count(await answers, 'accepted')).toBe(100)
    expect(await stores.settle()).toBe(101)
  })

  test('all active codes are loaded at the start', async () => {
    const codes = await Promise.all(Array.from({ length: 5 }, () => stores.createCode({ maxUses: 7 })))
    const buckets = createBuckets({ ...stores, generation: () => generation })
    await buckets.loadAll()
    expect([...(await buckets.usesLeft(codes)).values()]).toEqual([7, 7, 7, 7, 7])
  })
})
