import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createDatabase, dropDatabase } from '../../sut/database.ts'
import { measureQueries } from './measure-queries.ts'

const name = `queries_${randomBytes(6).toString('hex')}`
const ROWS = 5_000
let databaseUrl: string
beforeAll(async () => {
  databaseUrl = await createDatabase(inject('databaseUrl'), name)
})
afterAll(() => dropDatabase(inject('databaseUrl'), name))

test('without its index a statement reads all that it would have passed over', async () => {
  const said: string[] = []
  const options = { databaseUrl, rows: ROWS, repetitions: 2, seed: 1, say: (line: string) => void said.push(line) }
  const results = await measureQueries(options)
  expect(results.length).toBeGreaterThan(20)
  for (const { with_index, without_index } of results) {
    for (const side of [with_index, without_index]) {
      expect(side.median_ms).toBeGreaterThan(0)
      expect(side.buffers).toBeGreaterThan(0)
    }
    expect(without_index.rows_read).toBeGreaterThanOrEqual(with_index.rows_read)
  }
  const status = results.find(({ statement }) => statement === 'find-redemption')
  expect(status).toMatchObject({
    indexes: ['redemptions_pkey'],
    with_index: { rows_read: 1 },
    without_index: { rows_read: ROWS },
  })
  expect(said.some((line) => line.includes('filling redemptions'))).toBe(true)
})
