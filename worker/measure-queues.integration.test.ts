import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refreshSeatStats } from '../server/db/seat-stats.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { createTestSystem } from './testing/test-system.ts'

describe('what the scheduler measures', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  test('how long the first redemption of each step waits', async () => {
    const system = createTestSystem(stores, {})
    const scheduler = await system.startScheduler()
    const oldest = async (status: string) => {
      const text = await (await fetch(new URL('/metrics', scheduler.opsUrl))).text()
      return Number(new RegExp(`queue_oldest_waiting_seconds\\{status="${status}"\\} (\\S+)`).exec(text)?.[1])
    }
    // Its own connection to Redis may not be ready at the first look: not known then.
    await expect.poll(() => oldest('stream')).toBe(0)
    expect([await oldest('pending'), await oldest('waiting')]).toEqual([0, 0])
    // Nothing is moved on meanwhile: what waits stays where it is.
    await fetch(new URL('/drain', scheduler.opsUrl), {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: '{"paused": true}',
    })
    const hourAgo = Date.now() - 3_660_000
    await stores.redis.xadd(stores.keys.stream(0), `${hourAgo}-0`, 'code', 'x')
    await stores.sql(
      "INSERT INTO outbox (redemption_id, created_at) VALUES (gen_random_uuid(), now() - interval '2 hours')",
    )
    const waiting = `${stores.keys.bullPrefix}:invite`
    await stores.redis.lpush(`${waiting}:wait`, 'first')
    await stores.redis.hset(`${waiting}:first`, 'timestamp', Date.now() - 3 * 3_600_000)
    const hours = async (status: string) => Math.floor((await oldest(status)) / 3_600)
    expect([await hours('stream'), await hours('pending'), await hours('waiting')]).toEqual([1, 2, 3])
    await stores.redis.del(stores.keys.stream(0), `${waiting}:wait`, `${waiting}:first`)
    await stores.sql('DELETE FROM outbox')
  })

  test('where each process can be scraped', async () => {
    const system = createTestSystem(stores, {})
    const scheduler = await system.startScheduler()
    const targets = await (await fetch(new URL('/targets', scheduler.opsUrl))).json()
    expect(targets).toContainEqual({ targets: [new URL(scheduler.opsUrl).host], labels: { job: 'scheduler' } })
  })

  test('free seats of each group, as of the last refresh', async () => {
    const scheduler = await createTestSystem(stores, {}).startScheduler()
    const seats = async () => {
      const text = await (await fetch(new URL('/metrics', scheduler.opsUrl))).text()
      return text.split('\n').filter((line) => line.startsWith('available_seats_total{'))
    }
    expect(await seats()).toEqual([])
    await stores.createCode({ seats: 7 })
    await stores.createCode({ seats: 0 })
    expect(await seats()).toEqual([])
    await refreshSeatStats(stores.db)
    expect(await seats()).toEqual(['available_seats_total{group="1"} 7', 'available_seats_total{group="2"} 0'])
    await stores.sql('UPDATE teams SET seats_taken = 2 WHERE group_id = 1')
    await Promise.all([refreshSeatStats(stores.db), refreshSeatStats(stores.db)])
    expect(await seats()).toEqual(['available_seats_total{group="1"} 5', 'available_seats_total{group="2"} 0'])
  })
})
