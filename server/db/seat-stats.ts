import type { Connection, Statement } from './database.ts'

/** Seats of a group, as they stood when the view was refreshed last. */
export interface GroupSeats {
  readonly groupId: number
  readonly seats: number
  readonly taken: number
  readonly free: number
}

const REFRESH: Statement = {
  name: 'refresh-seat-stats',
  text: 'REFRESH MATERIALIZED VIEW CONCURRENTLY team_seat_stats',
}

const LIST_GROUPS: Statement = {
  name: 'list-group-seats',
  text: 'SELECT group_id AS "groupId", seats, taken, free FROM team_seat_stats WHERE team_id IS NULL ORDER BY group_id',
}

/** As they are now; teams without a free seat are not even read. */
const COUNT_FREE: Statement = {
  name: 'count-free-seats',
  text: 'SELECT coalesce(sum(max_seats - seats_taken), 0)::int AS free FROM teams WHERE group_id = $1 AND has_free',
}

/** Free seats of a group, from its teams. */
export async function countFreeSeats(db: Connection, groupId: number): Promise<number> {
  const [row] = await db.query<{ free: number }>(COUNT_FREE, [groupId])
  return row?.free ?? 0
}

/** Readers are not held up; two refreshes at once take turns. */
export async function refreshSeatStats(db: Connection): Promise<void> {
  await db.query(REFRESH, [])
}

/** All groups, as of the last refresh. */
export function listGroupSeats(db: Connection): Promise<GroupSeats[]> {
  return db.query<GroupSeats>(LIST_GROUPS, [])
}
