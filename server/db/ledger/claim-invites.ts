import type { Connection, Database, Statement } from '../database.ts'

/** The right to send the mails of one redemption until `claimed_until`. */
export interface InviteClaim {
  readonly id: string
  readonly token: string
  readonly email: string
  readonly code: string
  readonly teamId: number
  readonly teamName: string
}

/** What became of each redemption that a worker asked for. */
export type ClaimOutcome =
  | { readonly outcome: 'claimed'; readonly claim: InviteClaim }
  | { readonly outcome: 'no_seat' }
  /** Another worker holds a live claim. */
  | { readonly outcome: 'busy' }
  /** Sent, refunded or unknown: there is nothing to do. */
  | { readonly outcome: 'finished' }

interface OpenRow {
  id: string
  email: string
  group_id: number
  team_id: number | null
}

interface ClaimRow {
  id: string
  email: string
  code: string
  team_id: number
  team_name: string
  claim_token: string
}

/** Waits for a relay that has not committed its batch yet; everybody locks in this order. */
const LOCK_OPEN: Statement = {
  name: 'lock-open-redemptions',
  text: `
SELECT r.id, r.email, r.team_id, c.group_id FROM redemptions r JOIN redeem_codes c ON c.code = r.code
WHERE r.id = ANY($1::uuid[])
  AND (r.status IN ('reserved', 'enqueued', 'seated') OR r.status = 'sending' AND r.claimed_until < now())
ORDER BY r.id FOR UPDATE OF r`,
}

const LIST_UNFINISHED: Statement = {
  name: 'list-unfinished',
  text: `SELECT id FROM redemptions WHERE id = ANY($1::uuid[]) AND unfinished AND status <> 'refunding'`,
}

const teamsWithFreeSeats = (locking: string) => `
SELECT id, max_seats - seats_taken AS free FROM teams
WHERE group_id = $1 AND has_free AND NOT id = ANY($2::int[]) ORDER BY id LIMIT 4 FOR UPDATE ${locking}`
const LOCK_IDLE_TEAMS: Statement = { name: 'lock-idle-teams', text: teamsWithFreeSeats('SKIP LOCKED') }
const LOCK_ANY_TEAMS: Statement = { name: 'lock-any-teams', text: teamsWithFreeSeats('') }

/** Gives the lowest free seats of teams that this transaction has locked; the primary key refuses a seat twice. */
const TAKE_SEATS: Statement = {
  name: 'take-seats',
  text: `
WITH seeker AS (
  SELECT id, email, ordinality AS n FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS s(id, email)
), seat AS (
  SELECT t.id AS team_id, seat_no, row_number() OVER (ORDER BY t.id, seat_no) AS n
  FROM teams t CROSS JOIN generate_series(1, t.max_seats) AS seat_no
  WHERE t.id = ANY($3::int[])
    AND NOT EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = t.id AND m.seat_no = seat_no.seat_no)
), member AS (
  INSERT INTO team_members (team_id, seat_no, redemption_id, email)
  SELECT seat.team_id, seat.seat_no, seeker.id, seeker.email FROM seeker JOIN seat USING (n)
  RETURNING team_id, redemption_id
), filled AS (
  UPDATE teams t SET seats_taken = t.seats_taken + taken.seats
  FROM (SELECT team_id, count(*)::int AS seats FROM member GROUP BY team_id) taken WHERE t.id = taken.team_id
)
SELECT team_id, redemption_id AS id FROM member`,
}

/** A claim that died in `sending` leaves a mail of unknown outcome behind. */
const CLAIM: Statement = {
  name: 'claim-invites',
  text: `
UPDATE redemptions r SET status = 'sending', team_id = seat.team_id, claim_token = gen_random_uuid(),
  claimed_until = now() + make_interval(secs => $3), updated_at = now(),
  outcome_unknown = r.outcome_unknown OR r.status = 'sending'
FROM unnest($1::uuid[], $2::int[]) AS seat(id, team_id) JOIN teams t ON t.id = seat.team_id
WHERE r.id = seat.id
RETURNING r.id, r.email, r.code, r.team_id, t.name AS team_name, r.claim_token`,
}

type Seat = { id: string; team_id: number }

/**
 * Seats and claims a batch of redemptions in one transaction.
 * @param leaseSeconds how long the claims live; longer than a mail can take
 */
export async function claimInvites(
  db: Database,
  ids: readonly string[],
  leaseSeconds: number,
): Promise<Map<string, ClaimOutcome>> {
  const outcomes = new Map<string, ClaimOutcome>()
  const claimed = await db.transaction(async (connection) => {
    const open = await connection.query<OpenRow>(LOCK_OPEN, [ids])
    const seats: Seat[] = open.flatMap(({ id, team_id }) => (team_id === null ? [] : [{ id, team_id }]))
    for (const [groupId, rows] of groupSeekers(open)) {
      const taken = await takeSeats(connection, groupId, rows)
      seats.push(...taken)
      const seated = new Set(taken.map(({ id }) => id))
      for (const { id } of rows) if (!seated.has(id)) outcomes.set(id, { outcome: 'no_seat' })
    }
    return claim(connection, seats, leaseSeconds)
  })
  for (const row of claimed) outcomes.set(row.id, { outcome: 'claimed', claim: toClaim(row) })
  await judgeTheRest(db, ids, outcomes)
  return outcomes
}

async function claim(connection: Connection, seats: Seat[], leaseSeconds: number): Promise<ClaimRow[]> {
  if (seats.length === 0) return []
  return connection.query<ClaimRow>(CLAIM, [
    seats.map(({ id }) => id),
    seats.map(({ team_id }) => team_id),
    leaseSeconds,
  ])
}

async function judgeTheRest(db: Database, ids: readonly string[], outcomes: Map<string, ClaimOutcome>): Promise<void> {
  const rest = ids.filter((id) => !outcomes.has(id))
  if (rest.length === 0) return
  const unfinished = new Set((await db.query<{ id: string }>(LIST_UNFINISHED, [rest])).map(({ id }) => id))
  for (const id of rest) outcomes.set(id, { outcome: unfinished.has(id) ? 'busy' : 'finished' })
}

/** Redemptions without a seat, by group. */
function groupSeekers(open: OpenRow[]): Map<number, OpenRow[]> {
  const seekers = new Map<number, OpenRow[]>()
  for (const row of open) {
    if (row.team_id !== null) continue
    const group = seekers.get(row.group_id) ?? []
    seekers.set(row.group_id, [...group, row])
  }
  return new Map([...seekers].sort(([a], [b]) => a - b))
}

async function takeSeats(connection: Connection, groupId: number, seekers: OpenRow[]): Promise<Seat[]> {
  const teams = await lockTeams(connection, groupId, seekers.length)
  if (teams.length === 0) return []
  return connection.query<Seat>(TAKE_SEATS, [seekers.map(({ id }) => id), seekers.map(({ email }) => email), teams])
}

/** Teams that nobody else fills right now first; only when those do not suffice it waits for the others. */
async function lockTeams(connection: Connection, groupId: number, wanted: number): Promise<number[]> {
  const teams: number[] = []
  let free = 0
  for (const statement of [LOCK_IDLE_TEAMS, LOCK_ANY_TEAMS]) {
    while (free < wanted) {
      const rows = await connection.query<{ id: number; free: number }>(statement, [groupId, teams])
      if (rows.length === 0) break
      for (const row of rows) {
        teams.push(row.id)
        free += row.free
      }
    }
  }
  return teams
}

function toClaim(row: ClaimRow): InviteClaim {
  const { id, email, code, team_id: teamId, team_name: teamName, claim_token: token } = row
  return { id, token, email, code, teamId, teamName }
}
