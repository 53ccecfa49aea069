import type { Database, Statement } from '../database.ts'
import { askForRebuild } from './sync-used-count.ts'

/** Only who was sent their invite can lose the seat; whoever is locked is looked at by the next run. */
const LOCK_DUE: Statement = {
  name: 'lock-due-members',
  text: `
SELECT r.id FROM team_members m JOIN redemptions r ON r.id = m.redemption_id
WHERE m.valid_until <= now() AND r.status = 'sent'
ORDER BY m.valid_until, r.id LIMIT $1 FOR UPDATE OF r SKIP LOCKED`,
}

/** Workers who look for seats wait for teams in this order. */
const LOCK_TEAMS: Statement = {
  name: 'lock-teams-of-members',
  text: `
SELECT t.group_id FROM teams t WHERE t.id IN (SELECT team_id FROM team_members WHERE redemption_id = ANY($1::uuid[]))
ORDER BY t.group_id, t.id FOR NO KEY UPDATE`,
}

/** The use stays used: `used_count` is not touched. */
const EXPIRE: Statement = {
  name: 'expire-members',
  text: `
WITH expired AS (
  UPDATE redemptions SET status = 'expired', updated_at = now() WHERE id = ANY($1::uuid[]) AND status = 'sent'
  RETURNING id, code
), freed AS (
  DELETE FROM team_members m USING expired e WHERE m.redemption_id = e.id RETURNING m.team_id
), seats AS (
  UPDATE teams t SET seats_taken = t.seats_taken - gone.seats
  FROM (SELECT team_id, count(*)::int AS seats FROM freed GROUP BY team_id) gone WHERE t.id = gone.team_id
)
SELECT code FROM expired`,
}

/**
 * Ends memberships whose time has passed: seat freed, redemption `expired`. The person may redeem the code again, with
 * another use of it; the code's bucket is rebuilt so that it knows, too.
 * @returns how many, fewer than the limit when none is left; and the groups that have more free seats now
 */
export function expireMembers(db: Database, limit: number): Promise<{ expired: number; groupIds: number[] }> {
  return db.transaction(async (connection) => {
    const due = (await connection.query<{ id: string }>(LOCK_DUE, [limit])).map(({ id }) => id)
    if (due.length === 0) return { expired: 0, groupIds: [] }
    const teams = await connection.query<{ group_id: number }>(LOCK_TEAMS, [due])
    const expired = await connection.query<{ code: string }>(EXPIRE, [due])
    await askForRebuild(
      connection,
      expired.map(({ code }) => code),
    )
    return { expired: expired.length, groupIds: [...new Set(teams.map(({ group_id }) => group_id))] }
  })
}
