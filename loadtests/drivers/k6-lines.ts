import { z } from 'zod'
import type { K6Line } from '../k6/visit.ts'
import type { OutgoingRequest, Step } from './recipes/recipe.ts'
import { type RoomSightings, roomSightingsSchema } from './recipes/room-sightings.ts'

/** Error codes of k6 (its error_codes.go): requests whose time-out was over. */
const TIMEOUT = 1050
const ANY_NUMBER = z.number()

const lineSchema = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  ANY_NUMBER,
  ANY_NUMBER,
  z.string(),
  ANY_NUMBER,
  ANY_NUMBER.nullable(),
  ANY_NUMBER,
  ANY_NUMBER.nullable(),
  z.boolean().nullable(),
]) satisfies z.ZodType<K6Line>

const roomLineSchema = z.object({ room: roomSightingsSchema })

type ParsedLine =
  | { kind: 'room'; room: RoomSightings }
  | {
      kind: 'answer'
      request: OutgoingRequest
      status: number
      /** Why there was no answer. */
      reason: 'timeout' | 'connection_error' | null
      /** As much of it as matters. */
      body: string
      latencyMs: number
      lagMs: number | null
      /** By the performance clock of this process. */
      atMs: number
      /** When the schedule began, by the same clock: at this moment or up to a millisecond later. */
      beganAtLeastMs: number | null
    }

/** @returns null for what the script did not write, such as a warning of k6 */
export function parseK6Line(text: string): ParsedLine | null {
  const value = tryParse(text)
  const room = roomLineSchema.safeParse(value)
  if (room.success) return { kind: 'room', room: room.data.room }
  const line = lineSchema.safeParse(value)
  if (!line.success) return null
  const [step, email, code, status, error, id, latencyMs, lagMs, at, elapsedMs, good] = line.data
  const atMs = at - performance.timeOrigin
  const reason = status !== 0 ? null : error === TIMEOUT ? 'timeout' : 'connection_error'
  return {
    kind: 'answer',
    // What k6 sent is not needed any more, only whose it was.
    request: {
      step: step as Step,
      email,
      code,
      method: 'POST',
      path: '',
      ...(good !== null && { isGood: () => good }),
    },
    status,
    reason,
    body: id === '' ? '' : JSON.stringify({ redemption_id: id }),
    latencyMs,
    lagMs,
    atMs,
    beganAtLeastMs: elapsedMs === null ? null : atMs - elapsedMs,
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
