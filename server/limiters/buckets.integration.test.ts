import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UnavailableError } from '../errors.ts'
import { createTestDeadline, createTestStores, type TestStores } from '../testing/test-stores.ts'
import { type Buckets, createBuckets } from './buckets.ts'
import { enterMode } from './enter-mode.ts'
import type { Limiter } from './limiter.ts'
import { createTokenBucket } from './token-bucket.ts'

describe('rebuilding a bucket', () => {
  let stores: TestStores
  let buckets: Buckets
  let limiter: Limiter
  beforeAll(async () => {
    stores = await createTestStores()
    const generation = await enterMode(stores.redis, stores.keys, 'token-bucket')
    const parts = { ...stores, generation: () => generation }
    buckets = createBuckets(parts)
    limiter = createTokenBucket(parts, buckets)
  })
  afterAll(() => stores.close())

  const redeem = (code: string, email: string) =>
    limiter.reserve(
      { redemptionId: stores.keys.newRedemptionId(code), code, email, kind: 'shared' },
      createTestDeadline(),
    )
  const lose = (code: string) => stores.redis.del(stores.keys.bucket(code), stores.keys.holders(code))
  const usesLeft = async (code: string) => (await buckets.usesLeft([code])).get(code)
  const insert = (code: string, email: string, status: string, id: string = randomUUID()) =>
    stores.sql(
      `INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at)
       VALUES ($1, $2, $3, $4, now(), now() + interval '1 h')`,
      [id, code, email, status],
    )

  test('waits for every entry of its code, also when consumers commit the later ones first', async () => {
    const code = await stores.createCode({ maxUses: 2 })
    await redeem(code, 'a@example.test')
    await redeem(code, 'b@example.test')
    const stream = stores.keys.stream(stores.keys.shardOf(code))
    const [, later] = await stores.redis.xrange(stream, '-', '+')
    await lose(code)
    const rebuilding = expect(buckets.ensure(code, 500)).rejects.toThrow(UnavailableError)
    await expect.poll(() => stores.redis.exists(stores.keys.rebuildLock(code)), { interval: 5 }).toBe(1)
    await insert(code, 'b@example.test', 'reserved', later?.[1][1])
    await stores.redis.xdel(stream, later?.[0] ?? '')
    await rebuilding
    await stores.settle()
    expect(await redeem(code, 'c@example.test')).toEqual({ outcome: 'denied', reason: 'used_up' })
  })

  test('takes a code with more holders than a command takes arguments', async () => {
    const code = await stores.createCode({ maxUses: 200_000 })
    // In parts, each of which a small machine manages within the time limit of a statement.
    for (let from = 1; from <= 150_000; from += 30_000) {
      await stores.sql(
        `INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at)
         SELECT gen_random_uuid(), $1, 'p' || n || '@example.test', 'sent', now(), now()
         FROM generate_series($2::int, $2::int + 29999) AS n`,
        [code, from],
      )
    }
    await buckets.ensure(code, 30_000)
    expect(await usesLeft(code)).toBe(50_000)
    expect(await stores.redis.hlen(stores.keys.holders(code))).toBe(150_000)
  })

  test('counts a refund under way as taken, once per person, and leaves out one whose person holds another use', async () => {
    const code = await stores.createCode({ maxUses: 10 })
    const active = randomUUID()
    await insert(code, 'both@example.test', 'refunding')
    await insert(code, 'both@example.test', 'reserved', active)
    await insert(code, 'twice@example.test', 'refunding')
    await insert(code, 'twice@example.test', 'refunding')
    await insert(code, 'expired@example.test', 'expired')
    await insert(code, 'refunded@example.test', 'refunded')
    await buckets.ensure(code, 10_000)
    expect(await usesLeft(code)).toBe(7)
    expect(Object.keys(await stores.redis.hgetall(stores.keys.holders(code))).sort()).toEqual([
      'both@example.test',
      'twice@example.test',
    ])
    expect(await redeem(code, 'both@example.test')).toMatchObject({ outcome: 'repeated', redemptionId: active })
  })
})
