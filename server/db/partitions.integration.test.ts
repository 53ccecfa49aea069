import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { ensureMonths, listPartitions, monthOf } from './partitions.ts'

describe('partitions by month', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())
  const table = 'queue_entries'
  const enter = (at: string) =>
    stores.sql<{ home: string }>(
      `INSERT INTO queue_entries (activity_id, tenant, session_id, user_hash, seq, created_at)
       VALUES ($1, 't', $1, 'u', 1, $2) RETURNING tableoid::regclass::text AS home`,
      [randomUUID(), at],
    )

  test.each([
    ['2026-11-30T23:59:59.999Z', 0, '2026-11'],
    ['2026-11-30T23:59:59.999Z', 1, '2026-12'],
    ['2026-12-01T00:00:00Z', 1, '2027-01'],
    ['2026-01-31T12:00:00Z', 1, '2026-02'],
    ['2026-03-31T12:00:00Z', -13, '2025-02'],
  ])('%s and %i months are %s', (date, later, month) => {
    expect(monthOf(new Date(date), later)).toBe(month)
  })

  test('the migrations made this month and three more, in order and without gaps', async () => {
    const now = new Date()
    for (const name of ['invite_records', table] as const) {
      const partitions = await listPartitions(stores.db, name)
      expect(partitions.map(({ month }) => month)).toEqual([0, 1, 2, 3].map((ahead) => monthOf(now, ahead)))
      for (const [index, { until }] of partitions.slice(0, -1).entries()) {
        expect(partitions[index + 1]?.from).toEqual(until)
      }
    }
  })

  test('missing months are made, once, also by two at the same time', async () => {
    const ahead = 8
    const made = await Promise.all([1, 2].map(() => ensureMonths(stores.db, table, ahead)))
    expect(made.flat().sort()).toEqual([4, 5, 6, 7, 8].map((later) => monthOf(new Date(), later)))
    expect(await ensureMonths(stores.db, table, ahead)).toEqual([])
    expect((await listPartitions(stores.db, table)).length).toBe(ahead + 1)
  })

  test('rows of a month that nobody made wait in the default partition, and move when it is made', async () => {
    const homes = [
      '2040-05-31T23:59:59.999Z',
      '2040-06-01T00:00:00Z',
      '2040-06-30T23:59:59.999Z',
      '2040-07-01T00:00:00Z',
    ]
    for (const at of homes) expect(await enter(at)).toEqual([{ home: 'queue_entries_default' }])
    await stores.sql(`SELECT ensure_month_partition('queue_entries', '2040-06-17')`)
    const rows = await stores.sql<{ home: string }>(
      `SELECT tableoid::regclass::text AS home FROM queue_entries WHERE created_at > '2040-01-01Z' ORDER BY created_at`,
    )
    const [other, june] = ['queue_entries_default', 'queue_entries_y2040m06']
    expect(rows.map(({ home }) => home)).toEqual([other, june, june, other])
    expect(await enter('2040-06-15T00:00:00Z')).toEqual([{ home: june }])
  })

  test('who cannot lock the default partition gives up, and holds nobody up', async () => {
    await stores.db.transaction(async (reader) => {
      await reader.query({ name: '', text: 'SELECT FROM queue_entries_default' }, [])
      await expect(stores.sql(`SELECT ensure_month_partition('queue_entries', '2050-01-01')`)).rejects.toThrow(
        'lock timeout',
      )
    })
    expect((await listPartitions(stores.db, table)).map(({ month }) => month)).not.toContain('2050-01')
    expect(await enter('2050-01-02T00:00:00Z')).toEqual([{ home: 'queue_entries_default' }])
  })
})
