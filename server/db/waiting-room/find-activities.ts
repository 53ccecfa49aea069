import type { Connection, Statement } from '../database.ts'

/**
 * A row of `activities` as the scripts of the waiting room read it: everything is text, times are µs since 1970, and
 * what is NULL is ''.
 */
export interface Activity {
  readonly id: string
  readonly tenant: string
  readonly status: string
  readonly start_at: string
  readonly end_at: string
  readonly opened_at: string
  readonly release_per_second: string
  readonly released_before: string
  /** When the row was changed: the newer of two copies has the higher one. */
  readonly version: string
}

const micros = (column: string) => `coalesce((extract(epoch FROM ${column}) * 1000000)::bigint::text, '')`
const TIMES = ['start_at', 'end_at', 'opened_at'].map((name) => `${micros(name)} AS ${name}`).join(', ')
const COLUMNS = `id, tenant, status, ${TIMES}, release_per_second::text, released_before::text,
  ${micros('updated_at')} AS version`

const FIND_ACTIVITY: Statement = {
  name: 'find-activity',
  text: `SELECT ${COLUMNS} FROM activities WHERE id = $1`,
}

const LIST_ROOMS: Statement = {
  name: 'list-rooms',
  text: `SELECT ${COLUMNS} FROM activities
WHERE status = 'open' OR status = 'closed' AND updated_at > now() - make_interval(secs => $1)`,
}

export async function findActivity(connection: Connection, id: string): Promise<Activity | undefined> {
  const [activity] = await connection.query<Activity>(FIND_ACTIVITY, [id])
  return activity
}

/** The activities that people may wait for: those that are open, or were changed within so many seconds. */
export async function listRooms(connection: Connection, changedWithinSeconds: number): Promise<Activity[]> {
  return connection.query<Activity>(LIST_ROOMS, [changedWithinSeconds])
}
