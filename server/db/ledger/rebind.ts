import { UnavailableError } from '../../errors.ts'
import type { Connection, Database, Statement } from '../database.ts'

export type RebindOutcome =
  /** Moved, or moved a moment ago and the mail about it is not out yet. */
  | { readonly outcome: 'moved'; readonly redemptionId: string }
  | { readonly outcome: 'denied'; readonly reason: 'not_found' | 'not_sent_yet' | 'no_other_seat' }

export interface RebindRequest {
  /** Of this move; its mail is sent under this id. */
  readonly rebindId: string
  readonly code: string
  /** Normalised. */
  readonly email: string
}

interface HolderRow {
  id: string
  status: string
  team_id: number
  group_id: number
}

const LOCK_HOLDER: Statement = {
  name: 'lock-holder',
  text: `
SELECT r.id, r.status, r.team_id, c.group_id
FROM redemptions r JOIN redeem_codes c ON c.code = r.code
WHERE r.code = $1 AND r.email = $2 AND r.active AND c.is_active FOR UPDATE OF r`,
}

/** After the lock: a statement that waited for it still sees the other tables as they were before. */
const IS_MOVING: Statement = {
  name: 'is-moving',
  text: `SELECT id FROM rebinds WHERE redemption_id = $1 AND status IN ('pending', 'sending')`,
}

const FIND_OTHER_TEAM: Statement = {
  name: 'find-other-team',
  text: `SELECT id FROM teams WHERE group_id = $1 AND id <> $2 AND has_free ORDER BY id LIMIT 1`,
}

/** In the order of their ids, as everybody locks teams: two moves in opposite directions cannot wait for each other. */
const LOCK_TEAMS: Statement = {
  name: 'lock-teams',
  text: `SELECT id, has_free FROM teams WHERE id IN ($1, $2) ORDER BY id FOR UPDATE`,
}

/** The seat row itself moves: the old seat is free and the new one taken at the same moment. */
const MOVE: Statement = {
  name: 'move-seat',
  text: `
WITH seat AS (
  SELECT n FROM teams t, generate_series(1, t.max_seats) AS n
  WHERE t.id = $3 AND n NOT IN (SELECT seat_no FROM team_members WHERE team_id = $3)
  ORDER BY n LIMIT 1
), moved AS (
  UPDATE team_members SET team_id = $3, seat_no = seat.n FROM seat WHERE redemption_id = $1
), counted AS (
  UPDATE teams SET seats_taken = seats_taken + CASE id WHEN $3 THEN 1 ELSE -1 END WHERE id IN ($2, $3)
), redemption AS (
  UPDATE redemptions SET team_id = $3, updated_at = now() WHERE id = $1 RETURNING code, email
), queued AS (
  INSERT INTO outbox (redemption_id, kind) VALUES ($4, 'rebind')
)
INSERT INTO rebinds (id, redemption_id, code, email, from_team_id, to_team_id)
SELECT $4, $1, code, email, $2, $3 FROM redemption`,
}

/** A team may fill up between looking and locking; then another one is looked for, with no lock held. */
const TRIES = 5

/**
 * Moves a holder to another team of the group in one transaction: no use is spent, the old seat is free at once, and a
 * row of `rebinds` tells of it for ever.
 * @throws UnavailableError when teams keep filling up meanwhile
 */
export async function rebind(db: Database, request: RebindRequest): Promise<RebindOutcome> {
  for (let tries = 0; tries < TRIES; tries++) {
    const outcome = await db.transaction((connection) => tryRebind(connection, request))
    if (outcome !== undefined) return outcome
  }
  throw new UnavailableError('Other teams fill up right now')
}

/** @returns undefined when the team that was found had no seat any more */
async function tryRebind(
  connection: Connection,
  { rebindId, code, email }: RebindRequest,
): Promise<RebindOutcome | undefined> {
  const [holder] = await connection.query<HolderRow>(LOCK_HOLDER, [code, email])
  if (holder === undefined) return { outcome: 'denied', reason: 'not_found' }
  if (holder.status !== 'sent') return { outcome: 'denied', reason: 'not_sent_yet' }
  const moves = await connection.query(IS_MOVING, [holder.id])
  if (moves.length > 0) return { outcome: 'moved', redemptionId: holder.id }
  const [other] = await connection.query<{ id: number }>(FIND_OTHER_TEAM, [holder.group_id, holder.team_id])
  if (other === undefined) return { outcome: 'denied', reason: 'no_other_seat' }
  const teams = await connection.query<{ id: number; has_free: boolean }>(LOCK_TEAMS, [holder.team_id, other.id])
  if (!teams.some(({ id, has_free }) => id === other.id && has_free)) return undefined
  await connection.query(MOVE, [holder.id, holder.team_id, other.id, rebindId])
  return { outcome: 'moved', redemptionId: holder.id }
}
