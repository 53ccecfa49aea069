import { setTimeout as sleep } from 'node:timers/promises'
import { reserveNumbers } from '../db/waiting-room/queue-claims.ts'
import { UnavailableError } from '../errors.ts'
import type { Deadline } from '../limiters/limiter.ts'
import type { RunId } from '../redis/run-id.ts'
import { loadScript } from '../redis/script.ts'
import type { ActivityCache } from './activity-cache.ts'
import type { Room } from './room-keys.ts'
import { NUMBERS_PER_RESERVATION, type RebuildParts, rebuildRoom } from './room-rebuild.ts'

const ALLOW = loadScript(import.meta.url, '../limiters/bucket-identity.lua', 'allow-numbers.lua')
const RETRY_PAUSE_MS = 50
/** Longest wait for a connection of what many requests share; each of them has its own deadline besides. */
const PROVIDE_MS = 10_000
/** Of what stands in Redis: a room that an older version wrote is rebuilt. */
const LAYOUT = 1

export interface RoomParts extends RebuildParts {
  readonly runId: RunId
  readonly activities: ActivityCache
}

/** The first word of what a script answers, and the rest. */
export type RoomAnswer = readonly [answer: string, ...details: string[]]

/**
 * Asks a script of a room, and gives it first what it says is missing: the room itself, a copy of its activity, more
 * numbers.
 * @param ask gets the identity that the room in Redis must have
 * @throws UnavailableError when the deadline passed meanwhile
 */
export type AskRoom = (
  room: Room,
  ask: (identity: string) => Promise<RoomAnswer>,
  deadline: Deadline,
) => Promise<RoomAnswer>

export function createAskRoom(parts: RoomParts): AskRoom {
  const { db, redis, roomKeys, runId, activities } = parts
  const rebuilding = new Map<string, Promise<void>>()
  const reserving = new Map<string, Promise<void>>()
  const identity = async (timeoutMs: number) => `${runId.current ?? (await runId.known(timeoutMs))}:${LAYOUT}`

  /** Many who wait for the same share one try. */
  function shared(running: Map<string, Promise<void>>, { activityId }: Room, start: () => Promise<void>) {
    const work = running.get(activityId) ?? start().finally(() => running.delete(activityId))
    running.set(activityId, work)
    return work
  }

  async function reserve(room: Room, last: number): Promise<void> {
    const reserved = await reserveNumbers(db, room.activityId, NUMBERS_PER_RESERVATION, last)
    await ALLOW.run(redis, [roomKeys.room(room)], [await identity(PROVIDE_MS), reserved])
  }

  /** @returns undefined when nothing is missing */
  function provide(room: Room, [answer, detail]: RoomAnswer): Promise<unknown> | undefined {
    if (answer === 'uninitialised')
      return shared(rebuilding, room, () => rebuildRoom(parts, room, () => identity(PROVIDE_MS)))
    if (answer === 'exhausted') return shared(reserving, room, () => reserve(room, Number(detail)))
    if (answer === 'no_copy') return activities.refresh(room)
    return undefined
  }

  return async (room, ask, deadline) => {
    while (deadline.remainingMs() > 0) {
      const answer = await ask(await identity(deadline.remainingMs()))
      const provided = provide(room, answer)
      if (provided === undefined) return answer
      await provided
    }
    throw new UnavailableError('The deadline of the request passed')
  }
}

/**
 * Repeats what does no harm when it is repeated: the connection never sends a command again by itself.
 * @throws UnavailableError when Redis did not answer within the deadline
 */
export async function askReliably<T>(ask: () => Promise<T>, deadline: Deadline): Promise<T> {
  let lastError: unknown
  while (deadline.remainingMs() > 0) {
    try {
      return await ask()
    } catch (error) {
      lastError = error
      await sleep(Math.min(RETRY_PAUSE_MS, deadline.remainingMs()))
    }
  }
  throw new UnavailableError('Redis cannot be asked about a waiting room', { cause: lastError })
}
