import { setTimeout as sleep } from 'node:timers/promises'
import type { Sequelize } from 'sequelize'
import { QueryTypes } from 'sequelize'
import { StartRefusedError } from '../errors.ts'
import type { RegisteredProcess } from '../redis/process-registry.ts'

/** A live process is heard of at least so often (a heartbeat and some patience). */
const SILENT_AFTER_MS = 3_000

/** The settings of Postgres that say how many connections ordinary users may have. */
export interface ConnectionSettings {
  readonly max_connections: number
  readonly superuser_reserved_connections: number
  /** Since Postgres 16; null before. */
  readonly reserved_connections: number | null
}

export interface ConnectionBudget {
  readonly allowed: number
  /** What all pools may open together. */
  readonly wanted: number
  readonly fits: boolean
}

export type PoolOwner = Pick<RegisteredProcess, 'kind' | 'pool_max' | 'silent_ms'>

export function reckonBudget(settings: ConnectionSettings, processes: readonly PoolOwner[]): ConnectionBudget {
  const { max_connections, superuser_reserved_connections, reserved_connections } = settings
  const allowed = max_connections - superuser_reserved_connections - (reserved_connections ?? 0)
  const wanted = processes.reduce((sum, { pool_max }) => sum + pool_max, 0)
  return { allowed, wanted, fits: wanted <= allowed }
}

/** Straight through Sequelize: it is no work of a request, and is not counted as such. */
export async function readConnectionSettings(sequelize: Sequelize): Promise<ConnectionSettings> {
  const [row] = await sequelize.query<ConnectionSettings>(
    `SELECT current_setting('max_connections')::int AS max_connections,
       current_setting('superuser_reserved_connections')::int AS superuser_reserved_connections,
       current_setting('reserved_connections', true)::int AS reserved_connections`,
    { type: QueryTypes.SELECT },
  )
  if (row === undefined) throw new Error('Postgres did not tell its settings')
  return row
}

/**
 * Every process registers itself before it asks, so of two that start at once and do not fit together at least one is
 * refused. A process that died without a word is still registered for some seconds, and is waited for until it is known
 * to be silent.
 * @throws StartRefusedError when the pools of all processes could ask Postgres for more connections than it gives
 */
export async function refuseTooManyConnections(
  sequelize: Sequelize,
  list: () => Promise<RegisteredProcess[]>,
): Promise<void> {
  const settings = await readConnectionSettings(sequelize)
  if (reckonBudget(settings, await list()).fits) return
  await sleep(SILENT_AFTER_MS)
  const processes = (await list()).filter(({ silent_ms }) => silent_ms < SILENT_AFTER_MS)
  if (!reckonBudget(settings, processes).fits) throw new StartRefusedError(explainBudget(settings, processes))
}

/** One line that names the numbers and the way out. */
export function explainBudget(settings: ConnectionSettings, processes: readonly PoolOwner[]): string {
  const { allowed, wanted } = reckonBudget(settings, processes)
  const { max_connections, superuser_reserved_connections, reserved_connections } = settings
  const reserved = superuser_reserved_connections + (reserved_connections ?? 0)
  const pools = processes.map(({ kind, pool_max }) => `${kind} ${pool_max}`).join(' + ')
  return (
    `The pools of all processes could open ${wanted} connections (${pools}), and Postgres gives ${allowed} ` +
    `(max_connections ${max_connections} less ${reserved} reserved): lower DB_POOL_MAX, start fewer processes, or raise ` +
    'max_connections.'
  )
}
