import type { RoomSightings } from './room-sightings.ts'

/**
 * What a request is for. Only `redeem` and `repeat` bear on redemptions, so that only their answers are written down;
 * a 202 to a `repeat` (the same person and code again) names a redemption that was counted before.
 */
export type Step = 'redeem' | 'repeat' | 'status' | 'enter' | 'place' | CustomStep

/** A request of a team's own scenario, by its name there. */
export type CustomStep = `custom:${string}`

export interface OutgoingRequest {
  readonly step: Step
  readonly email: string
  readonly code: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query, ASCII. */
  readonly path: string
  /** Beyond those that every request has. */
  readonly headers?: Readonly<Record<string, string>>
  /** JSON. */
  readonly body?: string
  /** What the answer must be to count as accepted; left out where the step and the status decide. */
  readonly isGood?: (answer: Answer) => boolean
  /** Think time before it is sent, in milliseconds; well below the time-out of an answer. */
  readonly waitMs?: number
}

export interface Answer {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  readonly body: string
}

/** What one person does: it gives a request, is told its answer, and gives the next one. */
export type Script = Generator<OutgoingRequest, void, Answer>

export interface Recipe {
  /** Whose latencies are kept apart as well, when there are several. */
  readonly steps: readonly [Step, ...Step[]]
  /** What the person of this number does, from 1. */
  visit(person: number): Script
  /** So many can come; none after them. */
  readonly mostPeople: number
  /** Filled in by scripts that go through a waiting room. */
  readonly room: RoomSightings | null
}

/** The address of a person: nobody ever comes back. */
export function emailOf(prefix: string, person: number): string {
  return `${prefix}-${person}@load.test`
}

export function redeemBody(email: string, code: string): string {
  return `{"email":"${email}","code":"${code}"}`
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
