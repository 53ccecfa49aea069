import { z } from 'zod'
import { requestsSchema } from './recipes/registry.ts'
import { roomSightingsSchema } from './recipes/room-sightings.ts'

export const loadSpecSchema = z
  .object({
    /** Scheme, host and port. */
    url: z.url(),
    /** Closed loop: so many connections, each with one request under way or one person who thinks. */
    connections: z.number().int().positive(),
    duration_seconds: z.number().positive().optional(),
    /** People who come; each of them does all that the recipe says. */
    people: z.number().int().positive().optional(),
    /** A request without an answer for so long counts as an error; nobody knows what became of it. */
    timeout_seconds: z.number().positive().default(10),
    requests: requestsSchema,
    /** What became of each request goes here (answers-file.ts). */
    answers_file: z.string(),
  })
  .refine((spec) => (spec.duration_seconds === undefined) !== (spec.people === undefined), {
    error: 'a load ends either after duration_seconds or after so many people',
  })
export type LoadSpec = z.input<typeof loadSpecSchema>
export type CheckedLoadSpec = z.output<typeof loadSpecSchema>

const count = z.number().int().nonnegative()

/** What happened since the last progress, about each second. */
export const progressSchema = z.object({
  /** Seconds since the load began. */
  second: z.number(),
  accepted: count,
  served: count,
  refused: count,
  errors: count,
  p50_ms: z.number().nullable(),
  p99_ms: z.number().nullable(),
})
export type Progress = z.infer<typeof progressSchema>

export const loadResultSchema = z.object({
  /** From the first request to the last answer. */
  seconds: z.number(),
  /** Milliseconds since the epoch at which the load began. */
  started_at_ms: z.number(),
  /** 202 to somebody's first request for a code. */
  accepted: count,
  /** Any other answer below 300: repeats, statuses, places in a waiting room. */
  served: count,
  /** Any answer from 300 to 499: a clear no. */
  refused: count,
  /** 5xx, time-outs and broken connections: indeterminate. */
  errors: count,
  /** By HTTP status, or `timeout`, `connection_error`, `unanswered`. */
  by_status: z.record(z.string(), count),
  /** Latencies of all answers below 500: HdrHistogram, microseconds, compressed base64. */
  histogram: z.string(),
  /** The same for each step by itself, where there are several. */
  steps: z.record(z.string(), z.object({ answers: count, histogram: z.string() })),
  /** What clients saw of a waiting room; null without one. */
  room: roomSightingsSchema.nullable(),
  answers_file: z.string(),
  /** Rejected and indeterminate answers beyond what the answers file keeps. */
  answers_left_out: count,
})
export type LoadResult = z.infer<typeof loadResultSchema>

export interface LoadWatch {
  onProgress?: (progress: Progress) => void
  /** Ends the load early; the result is what was measured until then. */
  signal?: AbortSignal
}

/** One kind of load generator. Rejects only when the load could not be made at all, not when requests failed. */
export interface Driver {
  load(spec: LoadSpec, watch?: LoadWatch): Promise<LoadResult>
}

/** All at once: each connection sends a single request. */
export function asBurst(spec: Omit<LoadSpec, 'connections' | 'duration_seconds' | 'people'>, requests = 200): LoadSpec {
  return { ...spec, connections: requests, people: requests }
}
