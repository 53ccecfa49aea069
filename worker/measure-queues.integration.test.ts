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
