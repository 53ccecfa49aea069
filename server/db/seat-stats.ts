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

/** Readers are not held up; two refreshes at once take turns. */
export async function refreshSeatStats(db: Connection): Promise<void> {
  await db.query(REFRESH, [])
}

/** All groups, as of the last refresh. */
export function listGroupSeats(db: Connection): Promise<GroupSeats[]> {
  return db.query<GroupSeats>(LIST_GROUPS, [])
}
