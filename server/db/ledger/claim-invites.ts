import type { Connection, Database, Statement } from '../database.ts'

/** The right to send the mails of one redemption until `claimed_until`. */
export interface InviteClaim {
  readonly id: string
  readonly token: string
  readonly email: string
  readonly code: string
  readonly teamId: number
  readonly teamName: string
  readonly groupId: number
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
  group_id: number
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
WHERE group_id = $1 AND has_free AND id > $2 ORDER BY id LIMIT 4 FOR UPDATE ${locking}`
const LOCK_IDLE_TEAMS: Statement = { name: 'lock-idle-teams', text: teamsWithFreeSeats('SKIP LOCKED') }
const LOCK_ANY_TEAMS: Statement = { name: 'lock-any-teams', text: teamsWithFreeSeats('') }

/** A claim that died in `sending` leaves a mail of unknown outcome behind. */
const claim = (teamId: string, leaseSeconds: string) => `
  status = 'sending', team_id = ${teamId}, claim_token = gen_random_uuid(),
  claimed_until = now() + make_interval(secs => ${leaseSeconds}), updated_at = now(),
  outcome_unknown = r.outcome_unknown OR r.status = 'sending'`
const CLAIMED = 'r.id, r.email, r.code, r.team_id, t.name AS team_name, t.group_id, r.claim_token'

/**
 * Gives the lowest free seats of teams that this transaction has locked, and claims whoever got one; the primary key
 * refuses a seat twice. All teams are of one group, so how long a membership lasts is looked up once.
 */
const TAKE_SEATS: Statement = {
  name: 'take-seats',
  text: `
WITH seeker AS (
  SELECT id, email, ordinality AS n FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS s(id, email)
), owned AS MATERIALIZED (
  SELECT team_id, seat_no FROM team_members WHERE team_id = ANY($3::int[])
), seat AS (
  SELECT t.id AS team_id, seat_no, row_number() OVER (ORDER BY t.id, seat_no) AS n
  FROM teams t CROSS JOIN generate_series(1, t.max_seats) AS seat_no
  WHERE t.id = ANY($3::int[]) AND (t.id, seat_no) NOT IN (SELECT team_id, seat_no FROM owned)
), member AS (
  INSERT INTO team_members (team_id, seat_no, redemption_id, email, valid_until)
  SELECT seat.team_id, seat.seat_no, seeker.id, seeker.email,
         (SELECT now() + make_interval(days => g.member_days) FROM groups g WHERE g.id = $5)
  FROM seeker JOIN seat USING (n)
  RETURNING team_id, redemption_id
), filled AS (
  UPDATE teams t SET seats_taken = t.seats_taken + taken.seats
  FROM (SELECT team_id, count(*)::int AS seats FROM member GROUP BY team_id) taken WHERE t.id = taken.team_id
)
UPDATE redemptions r SET ${claim('m.team_id', '$4')}
FROM member m JOIN teams t ON t.id = m.team_id
WHERE r.id = m.redemption_id AND r.id = ANY($1::uuid[])
RETURNING ${CLAIMED}`,
}

/** Claims those who have a seat from an earlier try. */
const CLAIM_SEATED: Statement = {
  name: 'claim-seated',
  text: `
UPDATE redemptions r SET ${claim('r.team_id', '$2')}
FROM teams t WHERE t.id = r.team_id AND r.id = ANY($1::uuid[])
RETURNING ${CLAIMED}`,
}

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
  let isLastLook = false
  for (let undecided = ids; undecided.length > 0; ) {
    const left = await claimSome(db, undecided, leaseSeconds, outcomes, isLastLook)
    isLastLook = left.length === undecided.length
    undecided = left
  }
  await judgeTheRest(db, ids, outcomes)
  return outcomes
}

/** @returns those for whom the idle teams did not suffice; they are looked at again in a transaction of their own */
async function claimSome(
  db: Database,
  ids: readonly string[],
  leaseSeconds: number,
  outcomes: Map<string, ClaimOutcome>,
  isLastLook: boolean,
): Promise<string[]> {
  const undecided: string[] = []
  const claimed = await db.transaction(async (connection) => {
    const open = await connection.query<OpenRow>(LOCK_OPEN, [ids])
    const seatedBefore = open.flatMap(({ id, team_id }) => (team_id === null ? [] : [id]))
    const claims =
      seatedBefore.length === 0 ? [] : await connection.query<ClaimRow>(CLAIM_SEATED, [seatedBefore, leaseSeconds])
    for (const [groupId, seekers] of groupSeekers(open)) {
      const { taken, isFinal } = await takeSeats(connection, groupId, seekers, leaseSeconds, isLastLook)
      claims.push(...taken)
      const seated = new Set(taken.map(({ id }) => id))
      const without = seekers.map(({ id }) => id).filter((id) => !seated.has(id))
      if (isFinal) for (const id of without) outcomes.set(id, { outcome: 'no_seat' })
      else undecided.push(...without)
    }
    return claims
  })
  for (const row of claimed) outcomes.set(row.id, { outcome: 'claimed', claim: toClaim(row) })
  return undecided
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

/**
 * From teams that nobody else fills right now. Only where there is none it waits for the others, in the order of their
 * ids and holding no team of this group, so that two workers cannot wait for each other.
 * @param isLastLook whoever finds no team has found none before
 * @returns `isFinal` when whoever got no seat now gets none: all teams with free seats were looked at
 */
async function takeSeats(
  connection: Connection,
  groupId: number,
  seekers: OpenRow[],
  leaseSeconds: number,
  isLastLook: boolean,
): Promise<{ taken: ClaimRow[]; isFinal: boolean }> {
  const lock = (statement: Statement) => lockTeams(connection, statement, groupId, seekers.length)
  const idle = await lock(LOCK_IDLE_TEAMS)
  const teams = idle.length > 0 ? idle : await lock(LOCK_ANY_TEAMS)
  // A team that was waited for may be full by now while a seat elsewhere became free, which only a later look shows.
  if (teams.length === 0) return { taken: [], isFinal: isLastLook }
  const values = [seekers.map(({ id }) => id), seekers.map(({ email }) => email), teams, leaseSeconds, groupId]
  const taken = await connection.query<ClaimRow>(TAKE_SEATS, values)
  return { taken, isFinal: idle.length === 0 || taken.length === 0 }
}

async function lockTeams(connection: Connection, lock: Statement, groupId: number, wanted: number): Promise<number[]> {
  const teams: number[] = []
  for (let free = 0; free < wanted; ) {
    const rows = await connection.query<{ id: number; free: number }>(lock, [groupId, teams.at(-1) ?? 0])
    if (rows.length === 0) break
    for (const row of rows) {
      teams.push(row.id)
      free += row.free
      if (free >= wanted) break
    }
  }
  return teams
}

function toClaim(row: ClaimRow): InviteClaim {
  const { id, email, code, team_id: teamId, team_name: teamName, group_id: groupId, claim_token: token } = row
  return { id, token, email, code, teamId, teamName, groupId }
}
