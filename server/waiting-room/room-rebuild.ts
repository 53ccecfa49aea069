import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { listClaims, type QueueClaim, reserveNumbers } from '../db/waiting-room/queue-claims.ts'
import { execute, loadScript } from '../redis/script.ts'
import { drainEntries } from './drain-entries.ts'
import type { Room } from './room-keys.ts'
import type { RoomStores } from './room-stores.ts'

const BEGIN = loadScript(import.meta.url, '../limiters/bucket-identity.lua', 'room-state.lua', 'begin-rebuild.lua')
const FINISH = loadScript(import.meta.url, '../limiters/bucket-identity.lua', 'finish-rebuild.lua')

/** Numbers that a room may give before it asks Postgres again: so many at most are left out when Redis lost the room. */
export const NUMBERS_PER_RESERVATION = 1_000
/** A rebuilder that died holds others up for as long. */
const LOCK_MS = 10_000
/** What a rebuilder that died had collected. */
const COLLECTED_MS = 60_000
const POLL_MS = 20
const PAGE = 1_000

export interface RebuildParts extends RoomStores {
  readonly logger: Logger
}

/**
 * Makes a room whole that Redis does not have, or has from before a restart. What its stream still holds is committed
 * first; then people and used passes come from Postgres. Numbers go on behind all that were ever reserved: also one
 * that Redis gave and lost is not given again.
 * @param identity run id of the Redis that the scripts compare with
 */
export async function rebuildRoom(parts: RebuildParts, room: Room, identity: () => Promise<string>): Promise<void> {
  const { redis } = parts
  const token = randomUUID()
  for (;;) {
    const state = await BEGIN.run(redis, roomParts(parts, room), [await identity(), token, LOCK_MS])
    if (state === 'whole') return
    if (state === 'begun') break
    await sleep(POLL_MS)
  }
  try {
    await rebuild(parts, room, token, identity)
  } finally {
    await unlock(parts, room, token).catch(() => {})
  }
}

const roomParts = ({ roomKeys }: RoomStores, room: Room) => [
  roomKeys.room(room),
  roomKeys.seq(room),
  roomKeys.users(room),
  roomKeys.sessions(room),
  roomKeys.rebuildLock(room),
]

async function rebuild(parts: RebuildParts, room: Room, token: string, identity: () => Promise<string>) {
  const { redis, db, roomKeys } = parts
  const lock = roomKeys.rebuildLock(room)
  while ((await drainEntries(parts, room, PAGE)) > 0) await redis.pexpire(lock, LOCK_MS)
  const reserved = await reserveNumbers(db, room.activityId, NUMBERS_PER_RESERVATION)
  const [users, sessions] = [`${lock}:${token}:users`, `${lock}:${token}:sessions`]
  let people = 0
  let last = 0
  for (;;) {
    const page = await listClaims(db, room.activityId, last, PAGE)
    if (page.length === 0) break
    const pipeline = redis.pipeline().hset(users, ...page.flatMap(describeUser))
    pipeline.hset(sessions, ...page.flatMap((claim, index) => [claim.session_id, `${claim.seq}:${people + index + 1}`]))
    const used = page.flatMap(describeUsedPass)
    if (used.length > 0) pipeline.hset(roomKeys.passes(room), ...used)
    for (const key of [users, sessions]) pipeline.pexpire(key, COLLECTED_MS)
    await execute(pipeline.pexpire(lock, LOCK_MS))
    people += page.length
    last = Number(page.at(-1)?.seq)
  }
  const given = reserved - NUMBERS_PER_RESERVATION
  const keys = [...roomParts(parts, room), users, sessions]
  await FINISH.run(redis, keys, [await identity(), token, given, reserved, people])
}

const describeUser = ({ user_hash, session_id, seq }: QueueClaim) => [user_hash, `${session_id}:${seq}`]
const describeUsedPass = ({ session_id, pass_used_for }: QueueClaim) =>
  pass_used_for === null ? [] : [session_id, `used:${pass_used_for}`]

/** Only our own lock; between the two commands it could at worst expire, and then there is nothing to delete. */
async function unlock({ redis, roomKeys }: RoomStores, room: Room, token: string): Promise<void> {
  const lock = roomKeys.rebuildLock(room)
  if ((await redis.get(lock)) === token) await redis.del(lock)
}
