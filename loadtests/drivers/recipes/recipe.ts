import { z } from 'zod'
import type { RoomSightings } from './room-sightings.ts'

/** Characters that need no escape in JSON, in a header or in a line of tab separated fields. */
export const plainText = z.string().regex(/^[\w.@:+-]+$/, 'only letters, digits and . _ @ : + - are possible here')

/**
 * What a request is for. Only `redeem` and `repeat` bear on redemptions, so that only their answers are written down;
 * a 202 to a `repeat` (the same person and code again) names a redemption that was counted before.
 */
export type Step = 'redeem' | 'repeat' | 'status' | 'enter' | 'place'

export interface OutgoingRequest {
  readonly step: Step
  readonly email: string
  readonly code: string
  /** The whole HTTP/1.1 request, ASCII. */
  readonly text: string
  /** Think time before it is sent, in milliseconds; well below the time-out of an answer. */
  readonly waitMs?: number
}

export interface Answer {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  readonly body: string
}

/** What one connection does: it gives a request, is told its answer, and gives the next one. */
export type Script = Generator<OutgoingRequest, void, Answer>

/** People come one after another; each connection serves one of them at a time. */
export interface Crowd {
  /** The number of the next person, from 1; null when nobody comes any more. */
  next(): number | null
}

export interface Recipe {
  /** Whose latencies are kept apart as well, when there are several. */
  readonly steps: readonly [Step, ...Step[]]
  connect(): Script
  /** Filled in by scripts that go through a waiting room. */
  readonly room: RoomSightings | null
}

/** What a recipe is made for. */
export interface RecipeParts {
  readonly url: string
  readonly crowd: Crowd
}

/** The address of a person: nobody ever comes back. */
export function emailOf(prefix: string, person: number): string {
  return `${prefix}-${person}@load.test`
}

/** One field of a JSON body, when it is a text. */
export function readText(body: string, field: string): string | undefined {
  const value = readFields(body)[field]
  return typeof value === 'string' ? value : undefined
}

/** The fields of a JSON body; none when it is no JSON object. */
export function readFields(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
