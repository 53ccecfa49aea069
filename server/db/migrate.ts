import { fileURLToPath, pathToFileURL } from 'node:url'
import type { QueryInterface, Sequelize } from 'sequelize'
import { SequelizeStorage, Umzug } from 'umzug'

interface Migration {
  up(params: { context: QueryInterface }): Promise<void>
  down(params: { context: QueryInterface }): Promise<void>
}

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))
/** Any constant: two processes that migrate at once take turns. */
const ADVISORY_LOCK = 7_365_331

/** @returns the names of the migrations that ran */
export async function migrateUp(sequelize: Sequelize): Promise<string[]> {
  return withLock(sequelize, async () => (await createUmzug(sequelize).up()).map(({ name }) => name))
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

/** A lock of the transaction's connection, held while the migrations run on connections of their own. */
async function withLock<T>(sequelize: Sequelize, work: () => Promise<T>): Promise<T> {
  return sequelize.transaction(async (transaction) => {
    await sequelize.query('SELECT pg_advisory_xact_lock($1)', { bind: [ADVISORY_LOCK], transaction })
    return work()
  })
}
