import { type Client, DatabaseError, type QueryConfig } from 'pg'
import type { Logger } from 'pino'
import { Sequelize } from 'sequelize'
import { UnavailableError } from '../errors.ts'
import type { HistogramChild } from '../metrics/hot-histogram.ts'
import type { Cause, Metrics } from '../metrics/metrics.ts'
import { createBusyTime } from './busy-time.ts'
import { createReads } from './reads.ts'
import { createSlowQueryLog, type Explained } from './slow-queries.ts'

/** A statement with a name: Postgres prepares it once per connection, metrics tell it apart. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** One connection, inside a transaction or not. */
export interface Connection {
  query<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]>
}

export interface Database extends Connection {
  readonly sequelize: Sequelize
  /** For reads that may be a little old: a replica where there is one, otherwise the database itself. */
  readonly read: Connection
  readonly hasReplica: boolean
  /** Runs `work` between BEGIN and COMMIT; an error rolls back and is thrown on. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  pool(): PoolState
  /** Seconds of connections that were in use by now: two for one second are two. */
  busySeconds(): number
  /** When Postgres last answered anything, by `Date.now()`; 0: never. */
  answeredAt(): number
  /** Of the replica; undefined when there is none. */
  readPool(): PoolState | undefined
  close(): Promise<void>
}

export interface PoolState {
  readonly size: number
  readonly using: number
  readonly available: number
  readonly waiting: number
}

export interface DatabaseOptions {
  readonly url: string
  /** For `read`, with a pool of its own; no URL: none. */
  readonly replica?: { readonly url: string | undefined; readonly logger: Logger }
  readonly poolMax: number
  readonly acquireMs: number
  readonly statementTimeoutMs: number
  /** How statements are planned; as Postgres likes when nothing is said. */
  readonly plans?: keyof typeof PLANS
  readonly cause: Cause
  readonly metrics: Metrics
  /** Statements that take longer are logged; 0 = none. */
  readonly slowQueries?: { readonly afterMs: number; readonly logger: Logger }
}

/** Connections older than this are renewed, so that a failover or a rotated password is noticed. */
const CONNECTION_LIFETIME_MS = 3_600_000
/** Postgres ends a statement by itself; so long after that, its silence means that the connection is dead. */
const SILENCE_MS = 2_000

/** What the types of Sequelize 6 do not tell about its connection manager and pool. */
interface ConnectionManager {
  pool: PoolState
  getConnection(options: { type: 'read' | 'write' }): Promise<Client>
  releaseConnection(connection: Client): void
}

/**
 * Postgres keeps the plan of a prepared statement until the table is analysed. One that was made while a table was almost
 * empty scans it, however much it grows in the meantime: a system that has just begun would read all redemptions for each.
 */
const PLANS = {
  /**
   * By indexes wherever one leads to the rows, planned once per connection: for the statements of single requests. Before
   * 18 a scan without an index counts as endlessly dear then, and what is dear is compiled first.
   */
  'by index': '-c enable_seqscan=off -c jit=off',
  /** Each time, by the tables' sizes of that moment: for batches, beside which planning is little. */
  anew: '-c plan_cache_mode=force_custom_plan',
} as const

/** What Sequelize marks on a connection that must not be used again; the pool destroys it at the next acquire. */
type PooledClient = Client & { _invalid?: boolean; _ending?: boolean }

/** A replica that cannot give a connection by then is passed over. */
const REPLICA_ACQUIRE_MS = 1_000

/** The primary and, where one is named, a replica for reads. */
export function createDatabase(options: DatabaseOptions): Database {
  const primary = openPool(options)
  const { url, logger } = options.replica ?? {}
  if (url === undefined || logger === undefined)
    return { ...primary, read: primary, hasReplica: false, readPool: () => undefined }
  const acquireMs = Math.min(options.acquireMs, REPLICA_ACQUIRE_MS)
  const replica = openPool({ ...options, url, acquireMs })
  return {
    ...primary,
    read: createReads(primary, replica, { logger, metrics: options.metrics }),
    hasReplica: true,
    readPool: replica.pool,
    close: async () => void (await Promise.all([primary.close(), replica.close()])),
  }
}

/**
 * The one pool of a process for one server. Hot statements go straight to the driver as prepared statements on Sequelize's pooled
 * connections; migrations use its query interface.
 */
function openPool(options: DatabaseOptions): Omit<Database, 'read' | 'hasReplica' | 'readPool'> {
  const sequelize = createSequelize(options)
  const manager = (sequelize as unknown as { connectionManager: ConnectionManager }).connectionManager
  const count = options.metrics.sqlStatements.labels(options.cause)
  const poolWait = options.metrics.poolWait.labels()
  const poolHold = options.metrics.poolHold.labels()
  const busy = createBusyTime(() => manager.pool.using)
  const durations = new Map<string, HistogramChild>()
  let answeredAt = 0
  const { afterMs = 0, logger } = options.slowQueries ?? {}
  const tellSlow = logger && afterMs > 0 ? createSlowQueryLog({ logger, metrics: options.metrics, explain }) : undefined

  /** Looks the label of a statement up once: this runs for every request. */
  function durationOf({ name }: Statement): HistogramChild {
    const child = durations.get(name) ?? options.metrics.queryDuration.labels(name)
    durations.set(name, child)
    return child
  }

  /** What Postgres answered is a matter of whoever asked; no connection is the database's. */
  function countFailure(error: unknown): never {
    if (!(error instanceof DatabaseError)) options.metrics.errors.inc({ error_type: 'db_error' })
    throw error
  }

  /** Only on a connection that nobody else could use now. */
  async function explain(text: string): Promise<Explained | undefined> {
    if (manager.pool.using >= options.poolMax) return undefined
    return withClient(async (client) => (await send<Explained>(client, { text }))[0])
  }

  async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const stopWaiting = poolWait.startTimer()
    const client = await manager.getConnection({ type: 'write' }).catch(countFailure)
    stopWaiting()
    busy.note()
    const stopHolding = poolHold.startTimer()
    try {
      return await work(client)
    } finally {
      stopHolding()
      manager.releaseConnection(client)
      busy.note()
    }
  }

  async function query<Row extends object>(client: Client, statement: Statement, values: unknown[]): Promise<Row[]> {
    count.inc()
    const stop = durationOf(statement).startTimer()
    try {
      const rows = await send<Row>(client, { ...statement, values }).catch(countFailure)
      answeredAt = Date.now()
      return rows
    } finally {
      const seconds = stop()
      if (tellSlow !== undefined && seconds * 1_000 > afterMs) tellSlow(statement, seconds * 1_000)
    }
  }

  async function inTransaction<T>(client: Client, work: (connection: Connection) => Promise<T>): Promise<T> {
    await send(client, { text: 'BEGIN' })
    try {
      const result = await work({ query: (statement, values) => query(client, statement, values) })
      await send(client, { text: 'COMMIT' })
      return result
    } catch (error) {
      // A connection that cannot roll back must not return to the pool with a transaction open.
      if (!(client as PooledClient)._invalid) await client.query('ROLLBACK').catch(() => markInvalid(client))
      throw error
    }
  }

  return {
    sequelize,
    query: (statement, values) => withClient((client) => query(client, statement, values)),
    transaction: (work) => withClient((client) => inTransaction(client, work)),
    pool: () => {
      const { size, using, available, waiting } = manager.pool
      return { size, using, available, waiting }
    },
    busySeconds: busy.seconds,
    answeredAt: () => answeredAt,
    close: () => sequelize.close(),
  }
}

const markInvalid = (client: PooledClient) => {
  client._invalid = true
}

/** @throws UnavailableError when the connection failed: what became of the statement is not known then */
async function send<Row extends object>(client: Client, query: QueryConfig): Promise<Row[]> {
  try {
    return (await client.query<Row>(query)).rows
  } catch (error) {
    if (error instanceof DatabaseError || error instanceof TypeError) throw error
    markInvalid(client)
    throw new UnavailableError('The connection to Postgres failed', { cause: error })
  }
}

function createSequelize(options: DatabaseOptions): Sequelize {
  const bornAt = new WeakMap<object, number>()
  const isUsable = (connection?: object) => {
    if (connection === undefined) return false
    const now = Date.now()
    const born = bornAt.get(connection) ?? now
    bornAt.set(connection, born)
    const { _invalid: invalid, _ending: ending } = connection as PooledClient
    return now - born < CONNECTION_LIFETIME_MS && !invalid && !ending
  }
  return new Sequelize(options.url, {
    dialect: 'postgres',
    logging: false,
    pool: { max: options.poolMax, min: 0, acquire: options.acquireMs, idle: 60_000, validate: isUsable },
    dialectOptions: {
      statement_timeout: options.statementTimeoutMs,
      query_timeout: options.statementTimeoutMs + SILENCE_MS,
      idle_in_transaction_session_timeout: options.statementTimeoutMs * 2,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      ...(options.plans && { options: PLANS[options.plans] }),
    },
  })
}
