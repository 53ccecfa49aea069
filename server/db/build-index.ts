import { QueryTypes, type Sequelize } from 'sequelize'

export interface Index {
  readonly name: string
  readonly table: string
  /** Columns, and the condition of a partial index: `(bound_email) WHERE bound_email IS NOT NULL`. */
  readonly on: string
}

/**
 * Builds an index on a live table: nobody's writes wait for it. May be repeated; what a build that failed left behind
 * is removed first. Cannot run inside a transaction.
 */
export async function buildIndex(sequelize: Sequelize, index: Index): Promise<void> {
  if (await isPartitioned(sequelize, index.table)) return buildByPartition(sequelize, index)
  if (await isInvalid(sequelize, index.name)) await sequelize.query(`DROP INDEX CONCURRENTLY ${index.name}`)
  await sequelize.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS ${index.name} ON ${index.table} ${index.on}`)
}

/** An index of a partitioned table goes with those of its partitions, under a short lock: it cannot go CONCURRENTLY. */
export async function dropIndex(sequelize: Sequelize, { name, table }: Index): Promise<void> {
  const concurrently = (await isPartitioned(sequelize, table)) ? '' : 'CONCURRENTLY'
  await sequelize.query(`DROP INDEX ${concurrently} IF EXISTS ${name}`)
}

/** The parent's index is a mere description until each partition has one and it is attached; then it is valid. */
async function buildByPartition(sequelize: Sequelize, { name, table, on }: Index): Promise<void> {
  await sequelize.query(`CREATE INDEX IF NOT EXISTS ${name} ON ONLY ${table} ${on}`)
  for (const partition of await listWithout(sequelize, name, table)) {
    const part = { name: name.replace(table, partition), table: partition, on }
    await buildIndex(sequelize, part)
    await sequelize.query(`ALTER INDEX ${name} ATTACH PARTITION ${part.name}`)
  }
}

async function isPartitioned(sequelize: Sequelize, table: string): Promise<boolean> {
  return has(sequelize, `SELECT FROM pg_class WHERE oid = to_regclass('${table}') AND relkind = 'p'`)
}

async function isInvalid(sequelize: Sequelize, index: string): Promise<boolean> {
  return has(sequelize, `SELECT FROM pg_index WHERE indexrelid = to_regclass('${index}') AND NOT indisvalid`)
}

async function has(sequelize: Sequelize, rows: string): Promise<boolean> {
  const [row] = await sequelize.query<{ found: boolean }>(`SELECT EXISTS (${rows}) AS found`, {
    type: QueryTypes.SELECT,
  })
  return row?.found ?? false
}

/** Partitions that have no part of this index yet; one that was made after the parent's index has it by itself. */
async function listWithout(sequelize: Sequelize, index: string, table: string): Promise<string[]> {
  const rows = await sequelize.query<{ name: string }>(
    `SELECT i.inhrelid::regclass::text AS name FROM pg_inherits i
     WHERE i.inhparent = '${table}'::regclass AND NOT EXISTS (
       SELECT FROM pg_inherits a JOIN pg_index x ON x.indexrelid = a.inhrelid
       WHERE a.inhparent = '${index}'::regclass AND x.indrelid = i.inhrelid)
     ORDER BY name`,
    { type: QueryTypes.SELECT },
  )
  return rows.map(({ name }) => name)
}
