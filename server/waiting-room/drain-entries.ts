import type { Logger } from 'pino'
import {
  commitQueueEntries,
  commitUsedPasses,
  type QueueEntry,
  type UsedPass,
} from '../db/waiting-room/queue-claims.ts'
import { execute } from '../redis/script.ts'
import { streamFields } from '../redis/stream-fields.ts'
import type { Room } from './room-keys.ts'
import type { RoomStores } from './room-stores.ts'

type Entry = [id: string, fields: string[]]

/**
 * Writes the oldest entries of a room's stream to Postgres, and deletes them after the commit, never before. Writing
 * them again does no harm, so several processes may do it at once.
 * @returns how many entries there were; 0 when the stream is empty
 */
export async function drainEntries(
  stores: RoomStores & { readonly logger: Logger },
  room: Room,
  batchSize: number,
): Promise<number> {
  const { redis, roomKeys, logger } = stores
  const stream = roomKeys.entries(room)
  const entries = await redis.xrange(stream, '-', '+', 'COUNT', batchSize)
  if (entries.length === 0) return 0
  const refused = await commitAll(stores, room, entries)
  const transaction = redis.multi()
  for (const [id, fields] of refused) transaction.xadd(roomKeys.deadEntries(room), '*', 'entry', id, ...fields)
  transaction.xdel(stream, ...entries.map(([id]) => id))
  await execute(transaction)
  if (refused.length > 0) logger.error({ ...room, entries: refused.length }, 'unusable waiting-room entries set aside')
  return entries.length
}

/** All together, or, when Postgres refuses one of them, one by one. @returns those that it refused */
async function commitAll(stores: RoomStores, room: Room, entries: readonly Entry[]): Promise<Entry[]> {
  try {
    await commit(stores, room, entries)
    return []
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
  const refused: Entry[] = []
  for (const entry of entries) {
    await commit(stores, room, [entry]).catch((error: unknown) => {
      if (!isRefusal(error)) throw error
      refused.push(entry)
    })
  }
  return refused
}

async function commit({ db }: RoomStores, { tenant, activityId }: Room, entries: readonly Entry[]): Promise<void> {
  const people: QueueEntry[] = []
  const passes: UsedPass[] = []
  for (const [id, fields] of entries) {
    const named = streamFields(fields)
    const field = (name: string) => named.get(name) ?? ''
    const [seq, fingerprint] = [Number(field('seq')), field('fingerprint')]
    if (field('kind') === 'pass') passes.push({ seq, fingerprint })
    else {
      const enteredAt = new Date(Number.parseInt(id, 10))
      const [userHash, sessionId, ipHash] = [field('user'), field('session'), field('ip')]
      people.push({ userHash, sessionId, seq, ipHash, fingerprint, enteredAt })
    }
  }
  if (people.length > 0) await commitQueueEntries(db, { id: activityId, tenant }, people)
  if (passes.length > 0) await commitUsedPasses(db, activityId, passes)
}

/** SQLSTATE classes: 22 a value that the column cannot hold, 23 a constraint: no other try will be better. */
const isRefusal = (error: unknown) => /^2[23]/.test((error as { code?: string }).code ?? '')
