import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Client } from 'pg'
import type { QueryInterface, Sequelize } from 'sequelize'
import { SequelizeStorage, Umzug } from 'umzug'

interface Migration {
  up(params: { context: QueryInterface }): Promise<void>
  down(params: { context: QueryInterface }): Promise<void>
}

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))
/** Any constant: two processes that migrate at once take turns. */
const ADVISORY_LOCK = 7_365_331
/** Building indexes on large tables takes a while. */
const LOCK_DEADLINE_MS = 30 * 60_000
const LOCK_RETRY_MS = 100

/** Runs what is pending, up to and with `to` if given. @returns the names of the migrations that ran */
export async function migrateUp(sequelize: Sequelize, to?: string): Promise<string[]> {
  const options = to === undefined ? {} : { to }
  return withLock(sequelize, async () => (await createUmzug(sequelize).up(options)).map(({ name }) => name))
}

/** Reverts the latest migration, or all of them. @returns the names of those reverted */
export async function migrateDown(sequelize: Sequelize, all = false): Promise<string[]> {
  const options = all ? ({ to: 0 } as const) : {}
  return withLock(sequelize, async () => (await createUmzug(sequelize).down(options)).map(({ name }) => name))
}

export async function pendingMigrations(sequelize: Sequelize): Promise<string[]> {
  return (await createUmzug(sequelize).pending()).map(({ name }) => name)
}

/** All that there are, whether they ran or not; asks no database. */
export async function migrationNames(sequelize: Sequelize): Promise<string[]> {
  return (await createUmzug(sequelize).migrations(sequelize.getQueryInterface())).map(({ name }) => name)
}

function createUmzug(sequelize: Sequelize): Umzug<QueryInterface> {
  return new Umzug({
    migrations: {
      glob: ['*.ts', { cwd: FOLDER }],
      resolve: ({ name, path, context }) => {
        const load = async () => (await import(pathToFileURL(path ?? '').href)) as Migration
        return {
          name,
          up: async () => (await load()).up({ context }),
          down: async () => (await load()).down({ context }),
        }
      },
    },
    context: sequelize.getQueryInterface(),
    storage: new SequelizeStorage({ sequelize, tableName: 'migrations' }),
    logger: undefined,
  })
}

/** What the types of Sequelize 6 do not tell. */
interface ConnectionManager {
  getConnection(options: { type: 'write' }): Promise<Client>
  releaseConnection(connection: Client): void
}

/**
 * A lock of one connection's session, while the migrations run on others. Neither its holder nor those who wait may
 * stand in a statement or transaction meanwhile: CREATE INDEX CONCURRENTLY waits until every older snapshot is gone,
 * so a second process that waited inside `pg_advisory_lock` and the first one's index would wait for each other.
 * @throws when another process migrates for half an hour
 */
async function withLock<T>(sequelize: Sequelize, work: () => Promise<T>): Promise<T> {
  const { connectionManager: manager } = sequelize as unknown as { connectionManager: ConnectionManager }
  const holder = await manager.getConnection({ type: 'write' })
  try {
    await takeLock(holder)
    // A connection that broke meanwhile has lost the lock as well.
    return await work().finally(() => holder.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCK]).catch(() => {}))
  } finally {
    manager.releaseConnection(holder)
  }
}

async function takeLock(holder: Client): Promise<void> {
  const lastTry = Date.now() + LOCK_DEADLINE_MS
  while (true) {
    const { rows } = await holder.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [ADVISORY_LOCK])
    if (rows[0]?.taken) return
    if (Date.now() > lastTry) throw new Error('Another process is migrating this database and does not come to an end')
    await sleep(LOCK_RETRY_MS)
  }
}
