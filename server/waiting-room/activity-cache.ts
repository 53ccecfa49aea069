import { type Activity, findActivity } from '../db/waiting-room/find-activities.ts'
import type { RedisClient } from '../redis/connect.ts'
import { copyActivities, readCopy } from './activity-copies.ts'
import type { Room } from './room-keys.ts'
import type { RoomStores } from './room-stores.ts'

/** How long a process answers from memory, also that there is no such activity. */
const MEMORY_MS = 2_000
const MAX_ACTIVITIES = 1_000

/** Activities in memory, in front of the copy in Redis, in front of Postgres. */
export interface ActivityCache {
  /** @returns undefined when the tenant has no such activity: one of another tenant is as good as none */
  find(room: Room): Promise<Activity | undefined>
  /** Reads the row anew and puts its copy into Redis. */
  refresh(room: Room): Promise<Activity | undefined>
  close(): void
}

interface Remembered {
  readonly activity: Promise<Activity | undefined>
  readonly until: number
}

/** @param subscriber a connection of its own: it hears which activities changed */
export function createActivityCache(stores: RoomStores, subscriber: RedisClient): ActivityCache {
  const remembered = new Map<string, Remembered>()
  const keyOf = ({ activityId, tenant }: Room) => `${activityId}:${tenant}`

  async function readThrough(room: Room): Promise<Activity | undefined> {
    return (await readCopy(stores, room)) ?? (await readRow(room))
  }

  async function readRow({ tenant, activityId }: Room): Promise<Activity | undefined> {
    const activity = await findActivity(stores.db, activityId)
    if (activity === undefined || activity.tenant !== tenant) return undefined
    await copyActivities(stores, [activity])
    return activity
  }

  /** Remembers the question, so that many who ask at once share one answer; a failure is not remembered. */
  function remember(room: Room, activity: Promise<Activity | undefined>): Promise<Activity | undefined> {
    const key = keyOf(room)
    const entry = { activity, until: performance.now() + MEMORY_MS }
    remembered.delete(key)
    remembered.set(key, entry)
    const [oldest] = remembered.keys()
    if (remembered.size > MAX_ACTIVITIES && oldest !== undefined) remembered.delete(oldest)
    activity.catch(() => {
      if (remembered.get(key) === entry) remembered.delete(key)
    })
    return activity
  }

  subscriber.on('message', (_channel: string, id: string) => {
    for (const key of [...remembered.keys()]) if (key.startsWith(id)) remembered.delete(key)
  })
  // What was said while the connection was away was not heard.
  subscriber.on('ready', () => remembered.clear())
  // A failure is an error of the connection, which reports it; until it stands again, memory only lasts its time.
  subscriber.subscribe(stores.roomKeys.changes).catch(() => {})

  return {
    find(room) {
      const entry = remembered.get(keyOf(room))
      if (entry !== undefined && performance.now() < entry.until) return entry.activity
      return remember(room, readThrough(room))
    },
    refresh: (room) => remember(room, readRow(room)),
    close: () => subscriber.disconnect(),
  }
}
