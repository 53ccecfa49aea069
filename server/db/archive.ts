import type { Connection, Statement } from './database.ts'
import type { PartitionedTable } from './partitions.ts'

/** One statement, so a row is never in both tables or in none. What somebody else holds is left to the next run. */
const archiveFrom = (table: PartitionedTable): Statement => ({
  name: `archive-${table}`,
  text: `
WITH old AS (
  SELECT id, created_at FROM ${table} WHERE created_at < now() - make_interval(days => $1)
  ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
), moved AS (
  DELETE FROM ${table} t USING old WHERE t.id = old.id AND t.created_at = old.created_at RETURNING t.*
), kept AS (
  INSERT INTO ${table}_archive SELECT * FROM moved RETURNING 1
)
SELECT count(*)::int AS moved FROM kept`,
})

const ARCHIVE: Readonly<Record<PartitionedTable, Statement>> = {
  invite_records: archiveFrom('invite_records'),
  queue_entries: archiveFrom('queue_entries'),
}

/**
 * Moves up to `limit` rows that are older than so many days, the oldest first. It locks those rows alone. (A partition
 * as a whole could only be detached behind a lock on all of them: there is a default partition, so not CONCURRENTLY.)
 * @returns how many; fewer than the limit when none is left
 */
export async function archiveOldRows(
  connection: Connection,
  table: PartitionedTable,
  olderThanDays: number,
  limit: number,
): Promise<number> {
  const [row] = await connection.query<{ moved: number }>(ARCHIVE[table], [olderThanDays, limit])
  return row?.moved ?? 0
}
