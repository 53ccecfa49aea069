import type { Connection, Statement } from '../database.ts'

const TAKE: Statement = {
  name: 'take-bucket-changes',
  text: `
DELETE FROM bucket_outbox
WHERE id IN (SELECT id FROM bucket_outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING code`,
}

/**
 * Takes up to `limit` changes for this transaction; another relay skips them, and they come back when it fails.
 * @returns the codes that changed, each once
 */
export async function takeBucketChanges(
  connection: Connection,
  limit: number,
): Promise<{ codes: string[]; mayBeMore: boolean }> {
  const rows = await connection.query<{ code: string }>(TAKE, [limit])
  return { codes: [...new Set(rows.map(({ code }) => code))], mayBeMore: rows.length === limit }
}
