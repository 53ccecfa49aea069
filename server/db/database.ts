import type { Client } from 'pg'
import { Sequelize } from 'sequelize'
import type { Cause, Metrics } from '../metrics/metrics.ts'

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
  /** Runs `work` between BEGIN and COMMIT; an error rolls back and is thrown on. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  pool(): PoolState
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
  readonly poolMax: number
  readonly acquireMs: number
  readonly statementTimeoutMs: number
  readonly cause: Cause
  readonly metrics: Metrics
}

/** Connections older than this are renewed, so that a failover or a rotated password is noticed. */
const CONNECTION_LIFETIME_MS = 3_600_000

/** What the types of Sequelize 6 do not tell about its connection manager and pool. */
interface ConnectionManager {
  pool: PoolState
  getConnection(options: { type: 'read' | 'write' }): Promise<Client>
  releaseConnection(connection: Client): void
}

/** What Sequelize marks on a connection that must not be used again; the pool destroys it at the next acquire. */
type PooledClient = Client & { _invalid?: boolean; _ending?: boolean }

/**
 * The one pool of a process. Hot statements go straight to the driver as prepared statements on Sequelize's pooled
 * connections; everything else may use the models.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const sequelize = createSequelize(options)
  const manager = (sequelize as unknown as { connectionManager: ConnectionManager }).connectionManager
  const count = options.metrics.sqlStatements.labels(options.cause)

  async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const stopWaiting = options.metrics.poolWait.startTimer()
    const client = await manager.getConnection({ type: 'write' })
    stopWaiting()
    try {
      return await work(client)
    } finally {
      manager.releaseConnection(client)
    }
  }

  async function query<Row extends object>(client: Client, statement: Statement, values: unknown[]): Promise<Row[]> {
    count.inc()
    const stop = options.metrics.queryDuration.startTimer({ statement: statement.name })
    try {
      const result = await client.query<Row>({ ...statement, values })
      return result.rows
    } finally {
      stop()
    }
  }

  async function inTransaction<T>(client: Client, work: (connection: Connection) => Promise<T>): Promise<T> {
    await client.query('BEGIN')
    try {
      const result = await work({ query: (statement, values) => query(client, statement, values) })
      await client.query('COMMIT')
      return result
    } catch (error) {
      // A connection that cannot roll back must not return to the pool with a transaction open.
      await client.query('ROLLBACK').catch(() => {
        ;(client as PooledClient)._invalid = true
      })
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
    close: () => sequelize.close(),
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
      idle_in_transaction_session_timeout: options.statementTimeoutMs * 2,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    },
  })
}
