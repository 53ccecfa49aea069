import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBuckets } from '../limiters/buckets.ts'
import { enterMode } from '../limiters/enter-mode.ts'
import { createTokenBucket } from '../limiters/token-bucket.ts'
import { createTestDeadline, createTestStores, type TestStores } from '../testing/test-stores.ts'
import { type Lane, openLanes, spreadOver } from './lanes.ts'

let stores: TestStores
let others: Lane[]
beforeAll(async () => {
  stores = await createTestStores()
  others = openLanes(3, stores.connection)
  await Promise.all(others.map(({ runId }) => runId.known(10_000)))
})
afterAll(async () => {
  for (const { redis } of others) redis.disconnect()
  await stores.close()
})

async function openBucket() {
  const generation = await enterMode(stores.redis, stores.keys, 'token-bucket')
  const parts = { ...stores, generation: () => generation, lanes: spreadOver(stores, others) }
  const buckets = createBuckets(parts)
  const limiter = createTokenBucket(parts, buckets)
  const code = await stores.createCode({ maxUses: 1_000 })
  const redeem = (person: number) =>
    limiter.reserve(
      { redemptionId: stores.keys.newRedemptionId(code), code, email: `p${person}@lanes.test`, kind: 'shared' },
      createTestDeadline(),
    )
  return { code, buckets, redeem }
}

test('each lane carries its share of the commands', async () => {
  const { redeem } = await openBucket()
  await redeem(0)
  const lanes = [stores.redis, ...others.map(({ redis }) => redis)]
  const sent = lanes.map(() => 0)
  lanes.forEach((redis, index) => {
    const send = redis.sendCommand
    redis.sendCommand = (...[command, stream]: Parameters<Redis['sendCommand']>) => {
      if (command.name.startsWith('eval')) sent[index] = (sent[index] ?? 0) + 1
      return send.call(redis, command, stream)
    }
  })
  await Promise.all(Array.from({ length: 40 }, (_, person) => redeem(person + 1)))
  expect(sent).toEqual([10, 10, 10, 10])
})

test('connections that break lose no answer and take no use twice', async () => {
  const { code, buckets, redeem } = await openBucket()
  await redeem(0)
  const redeeming = Array.from({ length: 200 }, (_, person) => redeem(person + 1))
  for (const { redis } of others.slice(1)) redis.disconnect(true)
  const answers = await Promise.all(redeeming)
  expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(['accepted']))
  expect((await buckets.usesLeft([code])).get(code)).toBe(1_000 - 201)
  expect(await stores.settle()).toBeGreaterThanOrEqual(201)
})
