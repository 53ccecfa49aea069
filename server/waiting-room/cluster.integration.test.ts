import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RedisCluster, startRedisCluster } from '../testing/redis-cluster.ts'
import { addressOf, createTestRooms, type TestRooms } from '../testing/test-rooms.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

const PATIENCE = { timeout: 20_000, interval: 10 }

let cluster: RedisCluster
let stores: TestStores
let rooms: TestRooms
beforeAll(async () => {
  cluster = await startRedisCluster()
  stores = await createTestStores({ redisUrl: cluster.url })
  rooms = createTestRooms(stores)
})
afterAll(async () => {
  rooms.close()
  await stores.close()
  await cluster.stop()
})

test('a waiting room on a Redis Cluster: numbers, passes, and no number twice when its node restarts', async () => {
  const activityId = await stores.createActivity({ releasePerSecond: 1_000 })
  const servers = [await rooms.start(), await rooms.start()] as const
  const enter = async (user: string, n: number) => {
    const { status, body } = await rooms.enter(servers[n % 2 ? 1 : 0], activityId, user, { address: addressOf(n) })
    expect(status).toBe(200)
    return { user, session: body.session_id as string, seq: body.seq as number }
  }
  const people = await Promise.all(Array.from({ length: 100 }, (_, n) => enter(`user-${n}`, n)))
  expect(people.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
  await rooms.drain(activityId)

  const { session = '' } = people[0] ?? {}
  const ask = async () => (await rooms.status(servers[0], activityId, session)).body.pass
  await expect.poll(ask, PATIENCE).not.toBeNull()
  const code = await stores.createCode({ activityId })
  const pass = await ask()
  expect((await rooms.redeem(servers[0], code, 'a@example.test', pass)).status).toBe(202)
  expect((await rooms.redeem(servers[1], code, 'b@example.test', pass)).body.code).toBe('pass_used')

  const node = await cluster.masterOf(rooms.roomKeys.seq({ tenant: 'public', activityId }))
  await node.kill()
  await node.restart()
  const again = await Promise.all(people.map(({ user }, n) => enter(user, n)))
  expect(again).toEqual(people)
  const others = await Promise.all(Array.from({ length: 50 }, (_, n) => enter(`other-${n}`, 1_000 + n)))
  expect(new Set([...people, ...others].map(({ seq }) => seq)).size).toBe(150)
})
