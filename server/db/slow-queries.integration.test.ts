import { randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../logger.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createDatabase, type Statement } from './database.ts'
import { findRedemptions } from './ledger/find-redemption.ts'

const SLOW: Statement = {
  name: 'a-slow-one',
  text: `
SELECT r.id FROM (SELECT pg_sleep(0.05)) slept
LEFT JOIN (redemptions r JOIN outbox o ON o.redemption_id = r.id) ON r.email = $1`,
}

describe('the slow-query log', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  function open(afterMs: number, poolMax = 3) {
    const lines: string[] = []
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const logger = createLogger('warn', 'server', sink)
    const { databaseUrl: url, metrics } = stores
    const settings = { acquireMs: 10_000, statementTimeoutMs: 5_000, cause: 'request', poolMax } as const
    const db = createDatabase({ url, metrics, slowQueries: { afterMs, logger }, ...settings })
    onTestFinished(db.close)
    /** Closing the pool waits for what still runs on it. */
    const read = async () => {
      await db.close()
      return lines.map((line) => JSON.parse(line) as { statement: string; durationMs: number; plan?: string })
    }
    return { db, lines, read }
  }

  test('tells name, time and the shape of the plan once, and nothing personal', async () => {
    const email = 'planted.person@example.test'
    const id = randomUUID()
    await stores.createCode()
    await stores.sql(
      `INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at) VALUES ($1, 'X', $2, 'sent', now(), now())`,
      [id, email],
    )
    const { db, read } = open(10)
    for (let time = 0; time < 3; time++) await db.query(SLOW, [email])
    const lines = await read()
    expect(lines.map(({ statement }) => statement)).toEqual(['a-slow-one', 'a-slow-one', 'a-slow-one'])
    for (const { durationMs } of lines) expect(durationMs).toBeGreaterThanOrEqual(50)
    const plans = lines.flatMap(({ plan }) => plan ?? [])
    expect(plans.length).toBe(1)
    expect(plans[0]).toMatch(/Scan redemptions.*Scan outbox|Scan outbox.*Scan redemptions/)
    expect(JSON.stringify(lines)).not.toContain('planted')
    expect(JSON.stringify(lines)).not.toContain('SELECT')
    expect(await stores.metrics.registry.getSingleMetricAsString('db_slow_queries_total')).toContain(
      'db_slow_queries_total{statement="a-slow-one"} 3',
    )
  })

  test('tells of a statement that failed, and of one that has no plan', async () => {
    const { db, read } = open(10)
    const failing = {
      name: 'it-fails',
      text: `SELECT pg_sleep(0.05), 1 / (SELECT count(*) FROM outbox WHERE redemption_id = $1)`,
    }
    await expect(db.query(failing, [randomUUID()])).rejects.toThrow('division by zero')
    await db.query({ name: 'no-plan', text: `DO 'BEGIN PERFORM pg_sleep(0.05); END'` }, [])
    expect((await read()).map(({ statement, plan }) => [statement, plan !== undefined])).toEqual([
      ['it-fails', true],
      ['no-plan', false],
    ])
  })

  test('takes no connection that somebody else may need', async () => {
    const { db, lines } = open(10, 1)
    await db.transaction(async (connection) => {
      await connection.query(SLOW, ['nobody@example.test'])
      await connection.query(SLOW, ['nobody@example.test'])
    })
    expect(lines.length).toBe(2)
    expect(lines.join('')).not.toContain('plan')
  })

  test('says nothing of fast statements, and nothing at all when it is off', async () => {
    const fast = open(10_000)
    await findRedemptions(fast.db, [randomUUID()])
    await fast.db.query(SLOW, ['nobody@example.test'])
    expect(await fast.read()).toEqual([])
    const off = open(0)
    await off.db.query(SLOW, ['nobody@example.test'])
    expect(await off.read()).toEqual([])
  })
})
