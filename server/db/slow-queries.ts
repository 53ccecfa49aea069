import type { Logger } from 'pino'
import type { Metrics } from '../metrics/metrics.ts'
import type { Statement } from './database.ts'

/** Plans cost a round trip: one per statement in this time. */
const PLAN_PAUSE_MS = 60_000

/** A node of what EXPLAIN (FORMAT JSON) answers; what is not named here may hold values and is never read. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}
export type Explained = { readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }

export interface SlowQueryParts {
  readonly logger: Logger
  readonly metrics: Metrics
  /** Runs an EXPLAIN, or declines (undefined) while the pool has better things to do. */
  readonly explain: (text: string) => Promise<Explained | undefined>
}

/**
 * Tells of a statement that was slow: its name, its time and, now and then, the shape of its plan. The statement's text
 * and values never appear: the plan is the generic one, made from the text alone (Postgres 16 and later; older ones
 * refuse it, and no plan is told).
 */
export function createSlowQueryLog({ logger, metrics, explain }: SlowQueryParts) {
  const plannedAt = new Map<string, number>()

  async function findShape({ name, text }: Statement): Promise<string | undefined> {
    const now = performance.now()
    if (now - (plannedAt.get(name) ?? Number.NEGATIVE_INFINITY) < PLAN_PAUSE_MS) return undefined
    plannedAt.set(name, now)
    const explained = await explain(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`)
    if (explained === undefined) plannedAt.delete(name)
    return explained && describePlan(explained['QUERY PLAN'][0].Plan)
  }

  return (statement: Statement, durationMs: number): void => {
    metrics.slowQueries.inc({ statement: statement.name })
    const tell = (plan?: string) =>
      logger.warn({ statement: statement.name, durationMs: Math.round(durationMs), plan }, 'slow query')
    // What cannot be explained (a refresh of a view, say) is told without a plan.
    findShape(statement).then(tell, () => tell())
  }
}

/** @returns such as `Nested Loop(Index Scan redeem_codes by redeem_codes_pkey, Seq Scan outbox)` */
export function describePlan(node: PlanNode): string {
  const { 'Node Type': type, 'Relation Name': relation, 'Index Name': index, Plans: inner = [] } = node
  const name = [type, relation, index && `by ${index}`].filter(Boolean).join(' ')
  return inner.length === 0 ? name : `${name}(${inner.map(describePlan).join(', ')})`
}
