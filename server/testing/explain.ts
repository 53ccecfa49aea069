import type { Connection, Database, Statement } from '../db/database.ts'

/** A node of EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON). Rows are means per loop. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly PlanNode[]
}

/** How a statement was carried out, once. */
export interface Execution {
  readonly plan: PlanNode
  readonly planningMs: number
  readonly executionMs: number
}

interface ExplainRow {
  'QUERY PLAN': [{ Plan: PlanNode; 'Planning Time': number; 'Execution Time': number }]
}

/** Carries a statement out and tells how; what it writes stays written. */
export async function explain(connection: Connection, { text }: Statement, values: unknown[]): Promise<Execution> {
  const [row] = await connection.query<ExplainRow>(
    { name: '', text: `EXPLAIN (ANALYZE, TIMING OFF, BUFFERS, FORMAT JSON) ${text}` },
    values,
  )
  if (row === undefined) throw new Error('EXPLAIN answered nothing')
  const [{ Plan: plan, 'Planning Time': planningMs, 'Execution Time': executionMs }] = row['QUERY PLAN']
  return { plan, planningMs, executionMs }
}

class RolledBack extends Error {}

/** Runs `work` in a transaction that is rolled back in any case. */
export async function inRolledBack<T>(db: Database, work: (connection: Connection) => Promise<T>): Promise<T> {
  const results: T[] = []
  try {
    await db.transaction(async (connection) => {
      results.push(await work(connection))
      throw new RolledBack()
    })
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
  }
  return results[0] as T
}

export interface Call {
  readonly statement: Statement
  readonly values: unknown[]
  readonly execution: Execution
}

/**
 * Runs `work` on the database, and explains each statement that it sends, in the state that the statement met. Nothing
 * stays of it.
 */
export async function explainAll(db: Database, work: (recorder: Database) => Promise<unknown>): Promise<Call[]> {
  const calls: Call[] = []
  await inRolledBack(db, async (connection) => {
    const send = (text: string) => connection.query({ name: '', text }, [])
    const recorded: Connection = {
      async query(statement, values) {
        await send('SAVEPOINT before')
        calls.push({ statement, values, execution: await explain(connection, statement, values) })
        await send('ROLLBACK TO before')
        return connection.query(statement, values)
      },
    }
    await work({ ...db, ...recorded, transaction: (inner) => inner(recorded) })
  })
  return calls
}

export function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

/** Rows that were taken from tables and indexes, also those that a filter threw away. */
export function rowsRead(plan: PlanNode): number {
  const scans = nodesOf(plan).filter((node) => node['Relation Name'] !== undefined && / Scan$/.test(node['Node Type']))
  return sum(
    scans.map(
      (node) =>
        (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
        node['Actual Loops'],
    ),
  )
}

/** Rows that a statement is about: what it returns, writes, or counts into one. */
export function rowsWanted(plan: PlanNode): number {
  const taken = nodesOf(plan)
    .filter((node) => /^(ModifyTable|Aggregate)$/.test(node['Node Type']))
    .map((node) => sum((node.Plans ?? []).map((input) => input['Actual Rows'] * input['Actual Loops'])))
  return Math.max(1, plan['Actual Rows'], ...taken)
}

/** Pages that were looked at, in memory or on disk. */
export const buffersOf = (plan: PlanNode): number => plan['Shared Hit Blocks'] + plan['Shared Read Blocks']

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
