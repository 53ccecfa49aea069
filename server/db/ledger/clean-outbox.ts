import type { Connection, Statement } from '../database.ts'

/** Goes through the table by its key: what is not deleted is not looked at twice, and no index is kept for it. */
const CLEAN: Statement = {
  name: 'clean-outbox',
  text: `
WITH page AS (
  SELECT redemption_id, status, created_at FROM outbox WHERE redemption_id > $1 ORDER BY redemption_id LIMIT $2
), old AS (
  SELECT redemption_id FROM page p WHERE status = 'done' AND created_at < now() - make_interval(days => $3)
    AND NOT EXISTS (SELECT FROM redemptions r WHERE r.id = p.redemption_id AND r.unfinished)
    AND NOT EXISTS (SELECT FROM rebinds b WHERE b.id = p.redemption_id AND b.status IN ('pending', 'sending'))
), deleted AS (
  DELETE FROM outbox o USING old
  WHERE o.redemption_id = old.redemption_id AND o.status = 'done' AND o.created_at < now() - make_interval(days => $3)
  RETURNING 1
)
SELECT count(*)::int AS rows, (SELECT count(*)::int FROM deleted) AS deleted,
       (SELECT redemption_id FROM page ORDER BY redemption_id DESC LIMIT 1) AS last
FROM page`,
}

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

export interface CleanedPage {
  /** Rows of the page; fewer than asked for on the last one. */
  readonly rows: number
  readonly deleted: number
  readonly last: string | undefined
}

/** Looks at a page of the outbox and deletes what was done before so many days and waits for nothing. */
export async function cleanOutbox(
  connection: Connection,
  { keepDays, after = BEFORE_ALL, limit }: { keepDays: number; after: string | undefined; limit: number },
): Promise<CleanedPage> {
  const [page] = await connection.query<{ rows: number; deleted: number; last: string | null }>(CLEAN, [
    after,
    limit,
    keepDays,
  ])
  return { rows: page?.rows ?? 0, deleted: page?.deleted ?? 0, last: page?.last ?? undefined }
}
