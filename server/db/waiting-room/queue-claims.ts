import type { Connection, Statement } from '../database.ts'

/** Somebody who entered a waiting room, as it stands in the room's stream. */
export interface QueueEntry {
  readonly userHash: string
  readonly sessionId: string
  readonly seq: number
  readonly ipHash: string
  readonly fingerprint: string
  readonly enteredAt: Date
}

/** What the pass of a person was used for: a hash of code and email. */
export interface UsedPass {
  readonly seq: number
  readonly fingerprint: string
}

/** A person whom Postgres knows. */
export interface QueueClaim {
  readonly user_hash: string
  readonly session_id: string
  readonly seq: string
  readonly pass_used_for: string | null
}

/** One statement, so one transaction: whoever has a claim already brings no entry. */
const COMMIT_ENTRIES: Statement = {
  name: 'commit-queue-entries',
  text: `
WITH given AS (
  SELECT * FROM unnest($3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[])
    AS e(user_hash, session_id, seq, ip_hash, fingerprint, entered_at)
), claimed AS (
  INSERT INTO queue_claims (activity_id, user_hash, session_id, seq, created_at)
  SELECT $1, user_hash, session_id, seq, entered_at FROM given ORDER BY seq
  ON CONFLICT DO NOTHING
  RETURNING seq
)
INSERT INTO queue_entries (activity_id, tenant, session_id, user_hash, seq, ip_hash, fingerprint, created_at)
SELECT $1, $2, session_id, user_hash, seq, ip_hash, nullif(fingerprint, ''), entered_at
FROM given JOIN claimed USING (seq) ORDER BY seq`,
}

const COMMIT_USED_PASSES: Statement = {
  name: 'commit-used-passes',
  text: `
UPDATE queue_claims c SET pass_used_for = used.fingerprint
FROM unnest($2::bigint[], $3::text[]) AS used(seq, fingerprint)
WHERE c.activity_id = $1 AND c.seq = used.seq AND c.pass_used_for IS NULL`,
}

const RESERVE_NUMBERS: Statement = {
  name: 'reserve-queue-numbers',
  text: `
UPDATE activities SET numbers_reserved = greatest(numbers_reserved, coalesce($3::bigint, numbers_reserved) + $2)
WHERE id = $1 RETURNING numbers_reserved::float8 AS reserved`,
}

const LIST_CLAIMS: Statement = {
  name: 'list-queue-claims',
  text: `
SELECT user_hash, session_id, seq, pass_used_for FROM queue_claims
WHERE activity_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
}

/** Writes who entered, each once, however often it is called. */
export async function commitQueueEntries(
  connection: Connection,
  { id, tenant }: { id: string; tenant: string },
  entries: readonly QueueEntry[],
): Promise<void> {
  await connection.query(COMMIT_ENTRIES, [
    id,
    tenant,
    entries.map(({ userHash }) => userHash),
    entries.map(({ sessionId }) => sessionId),
    entries.map(({ seq }) => seq),
    entries.map(({ ipHash }) => ipHash),
    entries.map(({ fingerprint }) => fingerprint),
    entries.map(({ enteredAt }) => enteredAt.toISOString()),
  ])
}

/** Writes for whom passes were used; those who hold them must have been written before. */
export async function commitUsedPasses(
  connection: Connection,
  activityId: string,
  passes: readonly UsedPass[],
): Promise<void> {
  const columns = [passes.map(({ seq }) => seq), passes.map(({ fingerprint }) => fingerprint)]
  await connection.query(COMMIT_USED_PASSES, [activityId, ...columns])
}

/**
 * Reserves `count` more numbers of a room, behind `last` or, without it, behind all that were reserved so far.
 * @returns the highest number that is reserved now
 */
export async function reserveNumbers(
  connection: Connection,
  activityId: string,
  count: number,
  last: number | null = null,
): Promise<number> {
  const [row] = await connection.query<{ reserved: number }>(RESERVE_NUMBERS, [activityId, count, last])
  if (row === undefined) throw new Error('The activity was deleted while people waited for it')
  return row.reserved
}

/** The people of a room in the order of their numbers, page by page. */
export function listClaims(connection: Connection, activityId: string, after: number, limit: number) {
  return connection.query<QueueClaim>(LIST_CLAIMS, [activityId, after, limit])
}
