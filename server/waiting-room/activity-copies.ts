import { type Activity, findActivity } from '../db/waiting-room/find-activities.ts'
import { createBatch } from '../redis/batch.ts'
import { loadScript } from '../redis/script.ts'
import type { Room } from './room-keys.ts'
import type { RoomStores } from './room-stores.ts'

const COPY = loadScript(import.meta.url, 'copy-activity.lua')
/** How long Redis answers for Postgres; the scheduler renews the copies of activities that people wait for sooner. */
const COPY_MS = 10_000

export const roomOf = ({ tenant, id }: Activity): Room => ({ tenant, activityId: id })

/** Puts the rows in front of Postgres, together. */
export async function copyActivities({ redis, roomKeys }: RoomStores, activities: readonly Activity[]): Promise<void> {
  if (activities.length === 0) return
  const batch = createBatch(redis)
  for (const activity of activities) {
    const { version, ...fields } = activity
    COPY.queue(batch, [roomKeys.activity(roomOf(activity))], [version, COPY_MS, ...Object.entries(fields).flat()])
  }
  await batch.execute()
}

/** @returns undefined when Redis has no copy */
export async function readCopy({ redis, roomKeys }: RoomStores, room: Room): Promise<Activity | undefined> {
  const copy = await redis.hgetall(roomKeys.activity(room))
  return copy['id'] === undefined ? undefined : (copy as unknown as Activity)
}

/**
 * To be called after each change of an activity, when it is committed: its copy is renewed, and every process forgets
 * what it remembers. Were this lost, a copy would be out of date for a few seconds.
 */
export async function invalidateActivity(stores: RoomStores, id: string): Promise<void> {
  const activity = await findActivity(stores.db, id)
  if (activity !== undefined) await copyActivities(stores, [activity])
  await stores.redis.publish(stores.roomKeys.changes, id)
}
