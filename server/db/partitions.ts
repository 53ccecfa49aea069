import type { Connection, Statement } from './database.ts'

export type PartitionedTable = 'invite_records' | 'queue_entries'

/** A month's rows of a table: from `from`, before `until` (UTC). */
export interface Partition {
  readonly name: string
  /** Such as `2026-11`. */
  readonly month: string
  readonly from: Date
  readonly until: Date
}

const ENSURE: Statement = { name: 'ensure-month', text: 'SELECT ensure_month_partition($1, $2) AS made' }

const LIST: Statement = {
  name: 'list-partitions',
  text: `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass`,
}

/** @returns the month (UTC) of a date, such as `2026-11`, or the one so many months later */
export function monthOf(date: Date, monthsLater = 0): string {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater)).toISOString().slice(0, 7)
}

/**
 * Makes the partitions of this month and the next `monthsAhead` where they are missing. It may be repeated, also at
 * the same time; rows that the default partition took for such a month move into it.
 * @returns the months that it made
 * @throws when the default partition was in use for more than 2 s: try again later
 */
export async function ensureMonths(db: Connection, table: PartitionedTable, monthsAhead: number): Promise<string[]> {
  const now = new Date()
  const made: string[] = []
  for (let ahead = 0; ahead <= monthsAhead; ahead++) {
    const month = monthOf(now, ahead)
    const [row] = await db.query<{ made: boolean }>(ENSURE, [table, `${month}-01`])
    if (row?.made) made.push(month)
  }
  return made
}

/** The months of a table, oldest first; the default partition is not among them. */
export async function listPartitions(db: Connection, table: PartitionedTable): Promise<Partition[]> {
  const rows = await db.query<{ name: string }>(LIST, [table])
  return rows
    .flatMap(({ name }) => {
      const [, year, month] = /_y(\d{4})m(\d{2})$/.exec(name) ?? []
      if (year === undefined || month === undefined) return []
      const from = new Date(`${year}-${month}-01T00:00:00Z`)
      return { name, month: `${year}-${month}`, from, until: new Date(`${monthOf(from, 1)}-01T00:00:00Z`) }
    })
    .sort((a, b) => a.from.getTime() - b.from.getTime())
}
