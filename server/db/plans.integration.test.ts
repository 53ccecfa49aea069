import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createUseLedger } from '../redeem/reserve-use.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createDatabase, type DatabaseOptions } from './database.ts'
import { findRedemption } from './ledger/find-redemption.ts'

/** Postgres keeps a plan for every caller after so many executions. */
const UNTIL_KEPT = 10
const GROWN = 5_000

describe('a table that has grown since its statements were planned, and was not analysed', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
    // Nobody else shall mend the plans in the meantime.
    await stores.sql('ALTER TABLE redemptions SET (autovacuum_enabled = off)')
  })
  afterAll(() => stores.close())

  /** @returns rows of redemptions that were read from end to end by ten requests after the table had grown */
  async function rowsScanned(plans: DatabaseOptions['plans']): Promise<number> {
    await stores.sql('TRUNCATE redemptions, team_members, outbox CASCADE')
    await stores.sql('ANALYZE redemptions')
    const { databaseUrl: url, metrics } = stores
    const settings = { poolMax: 1, acquireMs: 10_000, statementTimeoutMs: 10_000, cause: 'request', metrics } as const
    const db = createDatabase({ ...settings, url, ...(plans && { plans }) })
    onTestFinished(db.close)
    const code = await stores.createCode({ maxUses: 2 * GROWN })
    const ledger = createUseLedger(db, 900)
    const redeem = async (times: number) => {
      for (let i = 0; i < times; i++) {
        const redemptionId = randomUUID()
        await ledger.reserveUse({ redemptionId, code, email: `${redemptionId}@example.test`, kind: 'shared' })
        await findRedemption(db, redemptionId)
      }
    }
    const scanned = async () => {
      await db.query({ name: '', text: 'SELECT pg_stat_force_next_flush()' }, [])
      const [row] = await stores.sql<{ rows: string }>(
        `SELECT seq_tup_read AS rows FROM pg_stat_user_tables WHERE relname = 'redemptions'`,
      )
      return Number(row?.rows)
    }

    await redeem(UNTIL_KEPT)
    await stores.sql(
      `INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at)
       SELECT gen_random_uuid(), $1, n || '@example.test', 'sent', now(), now() FROM generate_series(1, $2::int) n`,
      [code, GROWN],
    )
    const before = await scanned()
    await redeem(10)
    return (await scanned()) - before
  }

  test('is not read from end to end by requests planned by index', async () => {
    expect(await rowsScanned('by index')).toBe(0)
  })

  test('is read whole again and again by a plan that Postgres kept', async () => {
    expect(await rowsScanned(undefined)).toBeGreaterThan(10 * GROWN - 1)
  })
})
