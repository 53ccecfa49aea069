import type { Logger } from 'pino'
import { type Activity, listRooms } from '../server/db/waiting-room/find-activities.ts'
import { copyActivities, roomOf } from '../server/waiting-room/activity-copies.ts'
import { drainEntries } from '../server/waiting-room/drain-entries.ts'
import type { RoomStores } from '../server/waiting-room/room-stores.ts'
import { type Loop, startLoop } from './loop.ts'

/** Between two looks at which rooms there are; their copies in Redis are renewed at the same time. */
const LIST_MS = 2_000
/** A room that was closed for longer has nothing left that was not written. */
const CLOSED_SECONDS = 86_400
/** The first look also finds what stayed behind while no scheduler ran. */
const EVER_SECONDS = 1e9

export interface QueueEntriesConsumerParts extends RoomStores {
  readonly logger: Logger
  readonly onError: (error: unknown) => void
  readonly batchSize: number
  readonly idleMs: number
}

/** Writes who entered the waiting rooms to Postgres, and keeps the copies of their activities fresh. */
export function startQueueEntriesConsumer(parts: QueueEntriesConsumerParts): Loop {
  let rooms: Activity[] = []
  let listAt = 0
  let changedWithinSeconds = EVER_SECONDS

  async function list(): Promise<void> {
    rooms = await listRooms(parts.db, changedWithinSeconds)
    await copyActivities(parts, rooms)
    listAt = Date.now() + LIST_MS
  }

  async function round(): Promise<boolean> {
    if (Date.now() >= listAt) await list()
    const drained = await Promise.allSettled(rooms.map((room) => drainEntries(parts, roomOf(room), parts.batchSize)))
    const failure = drained.find((result) => result.status === 'rejected')
    if (failure !== undefined) throw failure.reason
    const hasMore = drained.some((result) => result.status === 'fulfilled' && result.value > 0)
    if (!hasMore) changedWithinSeconds = CLOSED_SECONDS
    return hasMore
  }

  return startLoop({ round, idleMs: parts.idleMs, onError: parts.onError })
}
