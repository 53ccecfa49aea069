import type { Connection, Database, Statement } from '../database.ts'

const LOCK_CODE: Statement = {
  name: 'lock-code',
  text: 'SELECT used_count AS "usedCount" FROM redeem_codes WHERE code = $1 FOR NO KEY UPDATE',
}

/** More uses than allowed cannot be written down: the constraint keeps `used_count` within `max_uses`. */
const WRITE_USED_COUNT: Statement = {
  name: 'write-used-count',
  text: `
UPDATE redeem_codes c SET used_count = least(held.uses, c.max_uses)
FROM (SELECT count(*)::int AS uses FROM redemptions WHERE code = $1 AND (active OR lingering AND status = 'expired')) held
WHERE c.code = $1 AND c.used_count <> least(held.uses, c.max_uses)
RETURNING c.used_count AS "usedCount"`,
}

const ASK_FOR_REBUILD: Statement = {
  name: 'ask-for-bucket-rebuild',
  text: 'INSERT INTO bucket_outbox (code) SELECT DISTINCT code FROM unnest($1::text[]) AS asked(code)',
}

/**
 * Sets `used_count` to what the ledger's rows say. Whoever changes one changes the other in the same transaction, and
 * takes the code's row for it: so while this transaction holds the row, all rows that it can see are counted in it, and
 * none that it cannot see. The rows are counted by a second statement, whose snapshot is younger than the lock.
 * @returns the count before and after; undefined when there is no such code
 */
export function syncUsedCount(db: Database, code: string): Promise<{ before: number; after: number } | undefined> {
  return db.transaction(async (connection) => {
    const [locked] = await connection.query<{ usedCount: number }>(LOCK_CODE, [code])
    if (locked === undefined) return undefined
    const [written] = await connection.query<{ usedCount: number }>(WRITE_USED_COUNT, [code])
    return { before: locked.usedCount, after: written?.usedCount ?? locked.usedCount }
  })
}

/** Has the scheduler throw these codes' buckets away, so that they are rebuilt from the ledger. */
export async function askForRebuild(connection: Connection, codes: readonly string[]): Promise<void> {
  await connection.query(ASK_FOR_REBUILD, [codes])
}
