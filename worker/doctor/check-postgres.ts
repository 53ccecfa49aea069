import { QueryTypes, type Sequelize } from 'sequelize'
import { migrationNames, pendingMigrations } from '../../server/db/migrate.ts'
import { bad, type Finding, good, judgeLatency, measureLatency } from './check.ts'

const LEAST_MAJOR = 14

export async function checkPostgres(sequelize: Sequelize): Promise<Finding[]> {
  const [row] = await sequelize.query<{ version: string; migrated: boolean }>(
    "SELECT current_setting('server_version') AS version, to_regclass('migrations') IS NOT NULL AS migrated",
    { type: QueryTypes.SELECT },
  )
  const latencyMs = await measureLatency(() => sequelize.query('SELECT 1'))
  // Asked of an empty database, umzug would make its table.
  const pending = row?.migrated ? await pendingMigrations(sequelize) : await migrationNames(sequelize)
  return [judgeVersion(row?.version ?? '?'), judgeLatency('Postgres', latencyMs), judgeMigrations(pending)]
}

function judgeVersion(version: string): Finding {
  if (Number.parseInt(version, 10) >= LEAST_MAJOR) return good('Postgres', `version ${version}`)
  return bad('Postgres', `version ${version}`, `Use ${LEAST_MAJOR} or newer.`)
}

function judgeMigrations(pending: readonly string[]): Finding {
  if (pending.length === 0) return good('migrations', 'none pending')
  return bad('migrations', `pending: ${pending.join(', ')}`, 'Run `npm run migrate -- up`.')
}
