import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { migrateDown, migrateUp } from './migrate.ts'

const FIRST = '0001-redeem.ts'
const LATEST = '0006-seat-stats.ts'

describe('the migrations', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  test('go down to an empty database and up again', async () => {
    await migrateDown(stores.db.sequelize, true)
    const left = await stores.sql(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm')",
    )
    expect(left).toEqual([{ relname: 'migrations' }])
    const ran = await migrateUp(stores.db.sequelize)
    expect(ran.at(0)).toBe(FIRST)
    expect(ran.at(-1)).toBe(LATEST)
  })
})
