import { listRooms } from '../db/waiting-room/find-activities.ts'
import { createBatch } from '../redis/batch.ts'
import { loadScript } from '../redis/script.ts'
import { roomOf } from './activity-copies.ts'
import type { RoomStores } from './room-stores.ts'

const COUNT = loadScript(import.meta.url, '../limiters/bucket-identity.lua', 'room-state.lua', 'count-people.lua')

export interface RoomPeople {
  readonly waiting: number
  readonly released: number
}

/** The people of all open rooms: those who wait, and those who were released. */
export async function countPeople({ db, redis, roomKeys }: RoomStores): Promise<RoomPeople> {
  const rooms = (await listRooms(db, 0)).map(roomOf)
  const batch = createBatch(redis)
  for (const room of rooms) COUNT.queue(batch, [roomKeys.room(room), roomKeys.activity(room)], [])
  const counts = (await batch.execute()) as [people: number, released: number][]
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
  const released = sum(counts.map(([, part]) => part))
  return { waiting: sum(counts.map(([people]) => people)) - released, released }
}
