import { createDatabase, type Database, type Statement } from '../../../server/db/database.ts'
import { migrateUp } from '../../../server/db/migrate.ts'
import { createMetrics } from '../../../server/metrics/metrics.ts'
import {
  buffersOf,
  type Execution,
  explain,
  explainAll,
  inRolledBack,
  nodesOf,
  rowsRead,
} from '../../../server/testing/explain.ts'
import { fillLedger } from '../../../server/testing/fill-ledger.ts'
import { HOT_QUERIES, readSample } from '../../../server/testing/hot-queries.ts'
import { createRandom } from '../../analysis/random.ts'

/** Of the longest step of filling a million rows, on a slow machine. */
const STATEMENT_TIMEOUT_MS = 600_000

/** One way to carry a statement out. Medians of its repetitions. */
export interface Measured {
  readonly median_ms: number
  readonly rows_read: number
  /** Pages of 8 KB that were looked at. */
  readonly buffers: number
}

export interface QueryResult {
  readonly name: string
  readonly statement: string
  /** What it uses, and what is hidden from the planner for the comparison. */
  readonly indexes: readonly string[]
  readonly with_index: Measured
  readonly without_index: Measured
}

interface Case {
  readonly name: string
  readonly statement: Statement
  readonly values: unknown[]
  readonly indexes: readonly string[]
}

export interface MeasureOptions {
  readonly databaseUrl: string
  readonly rows: number
  readonly repetitions: number
  readonly seed: number
  readonly say: (line: string) => void
}

/** Fills an empty database and measures each hot query that reads, with and without the indexes that it uses. */
export async function measureQueries(options: MeasureOptions): Promise<QueryResult[]> {
  const { databaseUrl: url, rows, say } = options
  const settings = { poolMax: 2, acquireMs: 10_000, statementTimeoutMs: STATEMENT_TIMEOUT_MS } as const
  const db = createDatabase({ url, ...settings, cause: 'background', metrics: createMetrics() })
  try {
    await migrateUp(db.sequelize)
    await fillLedger(db, rows, (table) => say(`${rows.toLocaleString('en')} rows: filling ${table}`))
    const random = createRandom(options.seed)
    const results: QueryResult[] = []
    for (const one of await listCases(db)) {
      say(`${rows.toLocaleString('en')} rows: ${one.name} (${one.statement.name})`)
      results.push(await measure(db, one, options.repetitions, random))
    }
    return results
  } finally {
    await db.close()
  }
}

/** Statements that only read: those that write would be measured with what their constraints cost. */
async function listCases(db: Database): Promise<Case[]> {
  const sample = await readSample(db)
  const cases = new Map<string, Case>()
  for (const { name, run } of HOT_QUERIES) {
    for (const { statement, values, execution } of await explainAll(db, (recorder) => run(recorder, sample))) {
      const nodes = nodesOf(execution.plan)
      const indexes = [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))]
      const isRead = nodes.every((node) => node['Node Type'] !== 'ModifyTable')
      if (isRead && indexes.length > 0 && !cases.has(statement.name)) {
        cases.set(statement.name, { name, statement, values, indexes })
      }
    }
  }
  return [...cases.values()]
}

/** Both ways in turn, in an order by chance; a first try of each only warms the memory. */
async function measure(db: Database, one: Case, repetitions: number, random: () => number): Promise<QueryResult> {
  const [withIndex, withoutIndex]: [Execution[], Execution[]] = [[], []]
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    const isWithFirst = random() < 0.5
    for (const isWith of [isWithFirst, !isWithFirst]) {
      const execution = await inRolledBack(db, async (connection) => {
        if (!isWith) await connection.query(HIDE, [one.indexes])
        return explain(connection, one.statement, one.values)
      })
      if (repetition > 0) (isWith ? withIndex : withoutIndex).push(execution)
    }
  }
  const { name, statement, indexes } = one
  return {
    name,
    statement: statement.name,
    indexes,
    with_index: summarise(withIndex),
    without_index: summarise(withoutIndex),
  }
}

/**
 * The planner passes over an index that is not valid, also over one that carries a constraint, which could not be
 * dropped so lightly. The transaction is rolled back, so that nobody else ever sees it.
 */
const HIDE: Statement = {
  name: 'hide-indexes',
  text: 'UPDATE pg_index SET indisvalid = false WHERE indexrelid = ANY ($1::text[]::regclass[])',
}

function summarise(executions: readonly Execution[]): Measured {
  return {
    median_ms: median(executions.map(({ planningMs, executionMs }) => planningMs + executionMs)),
    rows_read: median(executions.map(({ plan }) => rowsRead(plan))),
    buffers: median(executions.map(({ plan }) => buffersOf(plan))),
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
