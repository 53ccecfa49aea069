import { randomUUID } from 'node:crypto'
import type { Deadline } from '../limiters/limiter.ts'
import { withinDeadline } from '../limiters/within-deadline.ts'
import { loadScript } from '../redis/script.ts'
import { type AskRoom, askReliably, type RoomAnswer, type RoomParts } from './ask-room.ts'
import type { Passes, SignedPass } from './passes.ts'
import type { Room } from './room-keys.ts'

const ENTER = loadScript(import.meta.url, '../limiters/bucket-identity.lua', 'room-state.lua', 'enter.lua')
const FIND_PLACE = loadScript(import.meta.url, '../limiters/bucket-identity.lua', 'room-state.lua', 'find-place.lua')

/** Per activity and IP hash. */
const ENTERS_PER_WINDOW = 10
const WINDOW_MS = 60_000

export interface EnterWish {
  readonly room: Room
  readonly userHash: string
  readonly ipHash: string
  readonly fingerprint?: string | undefined
}

export type EnterRefusal = 'activity_not_found' | 'activity_not_open' | 'too_many_enters'

export type EnterAnswer =
  /** `isNew` is false when this user was in already. */
  | { readonly outcome: 'entered'; readonly sessionId: string; readonly seq: number; readonly isNew: boolean }
  | { readonly outcome: 'denied'; readonly reason: EnterRefusal; readonly retryAfterSeconds?: number }

export interface PlaceInLine {
  readonly outcome: 'found'
  readonly seq: number
  /** 1 is next; 0 when released. */
  readonly position: number
  readonly ahead: number
  /** People of this room who were released. */
  readonly released: number
  /** Null while nobody is released. */
  readonly expectedWaitSeconds: number | null
  /** Null until this person is released. */
  readonly pass: SignedPass | null
}

export type FindPlaceAnswer =
  | PlaceInLine
  | { readonly outcome: 'denied'; readonly reason: 'activity_not_found' | 'session_not_found' }

/** A line in front of an activity's codes. Both are one round trip to Redis. */
export interface WaitingRoom {
  /** Gives this user a number, the same one however often it is asked for. @throws UnavailableError */
  enter(wish: EnterWish, deadline: Deadline): Promise<EnterAnswer>
  /** @throws UnavailableError */
  findPlace(room: Room, sessionId: string, deadline: Deadline): Promise<FindPlaceAnswer>
}

const NOT_FOUND = { outcome: 'denied', reason: 'activity_not_found' } as const

export function createWaitingRoom(
  { redis, roomKeys, activities }: RoomParts,
  askRoom: AskRoom,
  passes: Passes,
): WaitingRoom {
  /** Repeating an enter gives the same number, and a look changes nothing. */
  const ask = (room: Room, run: (identity: string) => Promise<unknown>, deadline: Deadline) =>
    askReliably(() => askRoom(room, (identity) => run(identity) as Promise<RoomAnswer>, deadline), deadline)

  const exists = async (room: Room, deadline: Deadline) =>
    (await askReliably(() => activities.find(room), deadline)) !== undefined

  /** Also for whoever used theirs: it is good for the same code and person again, should that have been refunded. */
  async function signPass(room: Room, sessionId: string, [, seq, place, released, , nowMs]: RoomAnswer) {
    if (Number(place) > Number(released)) return null
    return passes.sign({ ...room, sessionId, seq: Number(seq) }, Number(nowMs))
  }

  async function enter({ room, userHash, ipHash, fingerprint = '' }: EnterWish, deadline: Deadline) {
    if (!(await exists(room, deadline))) return NOT_FOUND
    const parts = [roomKeys.room, roomKeys.seq, roomKeys.users, roomKeys.sessions, roomKeys.entries, roomKeys.activity]
    const keys = [...parts.map((key) => key(room)), roomKeys.throttle(room, ipHash)]
    const args = [userHash, randomUUID(), ipHash, fingerprint, ENTERS_PER_WINDOW, WINDOW_MS]
    return readEnterAnswer(await ask(room, (identity) => ENTER.run(redis, keys, [identity, ...args]), deadline))
  }

  async function findPlace(room: Room, sessionId: string, deadline: Deadline): Promise<FindPlaceAnswer> {
    if (!(await exists(room, deadline))) return NOT_FOUND
    const parts = [roomKeys.room, roomKeys.seq, roomKeys.users, roomKeys.sessions, roomKeys.activity]
    const keys = parts.map((key) => key(room))
    const answer = await ask(room, (identity) => FIND_PLACE.run(redis, keys, [identity, sessionId]), deadline)
    if (answer[0] === 'unknown') return { outcome: 'denied', reason: 'session_not_found' }
    return { ...readPlace(answer), pass: await signPass(room, sessionId, answer) }
  }

  return {
    enter: (wish, deadline) => withinDeadline(enter(wish, deadline), deadline),
    findPlace: (room, sessionId, deadline) => withinDeadline(findPlace(room, sessionId, deadline), deadline),
  }
}

function readEnterAnswer([answer, detail = '', seq]: RoomAnswer): EnterAnswer {
  const wait = detail === '' ? {} : { retryAfterSeconds: Number(detail) }
  if (answer === 'closed') return { outcome: 'denied', reason: 'activity_not_open', ...wait }
  if (answer === 'throttled') return { outcome: 'denied', reason: 'too_many_enters', ...wait }
  return { outcome: 'entered', sessionId: detail, seq: Number(seq), isNew: answer === 'entered' }
}

function readPlace([, seq, place, released, rate]: RoomAnswer): Omit<PlaceInLine, 'pass'> {
  const position = Math.max(0, Number(place) - Number(released))
  const ahead = Math.max(0, position - 1)
  const expectedWaitSeconds = position === 0 ? 0 : rate === '' ? null : ahead / Number(rate)
  return { outcome: 'found', seq: Number(seq), position, ahead, released: Number(released), expectedWaitSeconds }
}
