import { QueryTypes } from 'sequelize'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Call, explain, explainAll, nodesOf, type PlanNode, rowsRead, rowsWanted } from '../testing/explain.ts'
import { fillLedger } from '../testing/fill-ledger.ts'
import { HOT_QUERIES, REQUEST_QUERIES, readSample, type Sample } from '../testing/hot-queries.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createDatabase, type Database } from './database.ts'
import { monthOf } from './partitions.ts'

const ROWS = 200_000
const FILL_MS = 300_000
/** A table this small is read whole by any planner. */
const FEW_PAGES = 8
/** Rows read for each row that the statement is about. */
const WASTE = 10

describe('the hot queries on a filled database', () => {
  let stores: TestStores
  let db: Database
  let sample: Sample
  const pages = new Map<string, number>()
  beforeAll(async () => {
    stores = await createTestStores()
    db = open()
    await fillLedger(db, ROWS)
    sample = await readSample(db)
    const tables = await stores.sql<{ name: string; pages: number }>(
      `SELECT relname AS name, relpages AS pages FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')`,
    )
    for (const { name, pages: count } of tables) pages.set(name, count)
  }, FILL_MS)
  afterAll(async () => {
    await db?.close()
    await stores.close()
  })

  function open(): Database {
    const { databaseUrl: url, metrics } = stores
    const settings = { poolMax: 2, acquireMs: 10_000, statementTimeoutMs: FILL_MS, cause: 'request' } as const
    return createDatabase({ url, metrics, ...settings })
  }

  /** Tables that are read from end to end, but for small ones. */
  function wholeScans(plan: PlanNode): string[] {
    return nodesOf(plan)
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .flatMap((node) => node['Relation Name'] ?? [])
      .filter((table) => (pages.get(table) ?? 0) > FEW_PAGES)
  }

  /** What is wrong with how a statement was carried out. */
  function faultsOf({ statement, execution: { plan } }: Call, looksThrough = 0): string[] {
    const whole = wholeScans(plan).map((table) => `${statement.name} reads all of ${table}`)
    const [read, wanted] = [rowsRead(plan), rowsWanted(plan)]
    return read <= WASTE * wanted + looksThrough
      ? whole
      : [...whole, `${statement.name} reads ${read} rows for ${wanted}`]
  }

  test('the tables are large, and the planner knows it', async () => {
    for (const table of ['redemptions', 'redeem_codes', 'team_members', 'queue_claims', 'outbox']) {
      expect(pages.get(table)).toBeGreaterThan(500)
    }
    const [count] = await stores.sql<{ records: number; entries: number }>(
      `SELECT (SELECT count(*)::int FROM invite_records) AS records, (SELECT count(*)::int FROM queue_entries) AS entries`,
    )
    expect(count?.records).toBeGreaterThan(ROWS * 0.9)
    expect(count?.entries).toBe(ROWS)
  })

  test.each(HOT_QUERIES)('$name: by index, and little more than it needs', async ({ run, looksThrough }) => {
    const calls = await explainAll(db, (recorder) => run(recorder, sample))
    expect(calls.length).toBeGreaterThan(0)
    expect(calls.flatMap((call) => faultsOf(call, looksThrough))).toEqual([])
  })

  test.each(REQUEST_QUERIES)('$name: by index, also with one plan for all values', async ({ run }) => {
    for (const { statement } of await explainAll(db, (recorder) => run(recorder, sample))) {
      // Without parameters: pg then sends it by itself, as the generic plan demands.
      const [row] = (await db.sequelize.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${statement.text}`, {
        type: QueryTypes.SELECT,
      })) as { 'QUERY PLAN': [{ Plan: PlanNode }] }[]
      expect(row && wholeScans(row['QUERY PLAN'][0].Plan)).toEqual([])
    }
  })

  test('every statement of the way of a redemption is among them', async () => {
    const names = new Set<string>()
    for (const { run } of HOT_QUERIES) {
      for (const { statement } of await explainAll(db, (recorder) => run(recorder, sample))) names.add(statement.name)
    }
    expect([...names]).toEqual(
      expect.arrayContaining(['reserve-use', 'explain-denial', 'lock-open-redemptions', 'take-seats', 'claim-seated']),
    )
  })

  test('it notices a missing index, and rows that are read in vain', async () => {
    const unindexed = { name: 'by-reason', text: 'SELECT id FROM redemptions WHERE refund_reason = $1' }
    const calls = await explainAll(db, (recorder) => recorder.query(unindexed, ['no such']))
    expect(calls.flatMap((call) => faultsOf(call))).toEqual([
      'by-reason reads all of redemptions',
      expect.stringMatching(/^by-reason reads \d{5,} rows for 1$/),
    ])
  })

  test.each(['invite_records', 'queue_entries'])('%s: a month that is asked for is all that is read', async (table) => {
    const month = monthOf(new Date(), -2)
    const text = `SELECT count(*) FROM ${table} WHERE created_at >= $1 AND created_at < $2`
    const { plan } = await explain(db, { name: '', text }, [`${month}-01Z`, `${monthOf(new Date(), -1)}-01Z`])
    const read = nodesOf(plan).flatMap((node) => node['Relation Name'] ?? [])
    expect(read).toEqual([`${table}_y${month.replace('-', 'm')}`])
  })
})
