import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection } from '../db/database.ts'
import { connectRedis } from '../redis/connect.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createSeatCalculator } from './seats.ts'

describe('the seat calculator', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  async function createGroup(...teams: [seats: number, taken: number][]): Promise<number> {
    const [group] = await stores.sql<{ id: number }>(
      'INSERT INTO groups (name) VALUES (gen_random_uuid()::text) RETURNING id',
    )
    for (const [seats, taken] of teams) {
      await stores.sql('INSERT INTO teams (group_id, name, max_seats, seats_taken) VALUES ($1, $2, $3, $4)', [
        group?.id,
        'a team',
        seats,
        taken,
      ])
    }
    return group?.id ?? 0
  }
  const take = (groupId: number) =>
    stores.sql('UPDATE teams SET seats_taken = seats_taken + 1 WHERE group_id = $1', [groupId])

  test('counts all teams of a group, and asks Postgres once', async () => {
    const groupId = await createGroup([5, 2], [3, 3], [10, 0])
    const asked: string[] = []
    const db: Connection = {
      query(statement, values) {
        asked.push(statement.name)
        return stores.db.query(statement, values)
      },
    }
    const seats = createSeatCalculator({ ...stores, db })
    expect(await seats.available(groupId)).toBe(13)
    expect(await createSeatCalculator(stores).available(groupId)).toBe(13)
    expect(await seats.available(groupId)).toBe(13)
    expect(asked).toEqual(['count-free-seats'])
    const keptMs = await stores.redis.pttl(stores.keys.seats(groupId))
    expect(keptMs).toBeGreaterThan(5_000)
    expect(keptMs).toBeLessThanOrEqual(30_000)
  })

  test('a group that is full, and one that does not exist, have none', async () => {
    const seats = createSeatCalculator(stores)
    expect(await seats.available(await createGroup([2, 2]))).toBe(0)
    expect(await seats.available(2_000_000_000)).toBe(0)
  })

  test('forgets several groups with one command, and none with none', async () => {
    const groups = [await createGroup([4, 0]), await createGroup([6, 0])]
    const seats = createSeatCalculator(stores)
    for (const groupId of groups) await seats.available(groupId)
    for (const groupId of groups) await take(groupId)
    expect(await Promise.all(groups.map(seats.available))).toEqual([4, 6])
    const commands = async () => (await stores.metrics.redisCommands.get()).values[0]?.value ?? 0
    const before = await commands()
    await seats.invalidate([...groups, ...groups])
    await seats.invalidate([])
    expect(await commands()).toBe(before + 1)
    expect(await Promise.all(groups.map(seats.available))).toEqual([3, 5])
  })

  test('a count that was read before a change is not kept after it', async () => {
    const groupId = await createGroup([4, 0])
    const writer = createSeatCalculator(stores)
    const db: Connection = {
      async query(statement, values) {
        const rows = await stores.db.query(statement, values)
        // Postgres has answered; before the answer is kept, a seat is taken.
        await take(groupId)
        await writer.invalidate([groupId])
        return rows as never
      },
    }
    expect(await createSeatCalculator({ ...stores, db }).available(groupId)).toBe(4)
    expect(await writer.available(groupId)).toBe(3)
  })

  test('two readers at once both answer, and one of them keeps it', async () => {
    const groupId = await createGroup([4, 1])
    const seats = createSeatCalculator(stores)
    expect(await Promise.all(Array.from({ length: 10 }, () => seats.available(groupId)))).toEqual(Array(10).fill(3))
    expect(await stores.redis.get(stores.keys.seats(groupId))).toBe('3')
  })

  test('without Redis it still counts, and invalidating does not fail', async () => {
    const groupId = await createGroup([4, 1])
    const redis = connectRedis({ ...stores.connection, url: 'redis://127.0.0.1:1' })
    const seats = createSeatCalculator({ ...stores, redis })
    expect(await seats.available(groupId)).toBe(3)
    await seats.invalidate([groupId])
    redis.disconnect()
  })
})
