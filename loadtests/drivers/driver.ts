import { z } from 'zod'
import { arrivalsSchema } from './arrivals.ts'
import { requestsSchema } from './recipes/requests.ts'
import { roomSightingsSchema } from './recipes/room-sightings.ts'

/** Who makes the load. autocannon is the closed loop; the others are open loops. */
export const ENGINES = ['autocannon', 'paced', 'k6'] as const
export type Engine = (typeof ENGINES)[number]

export const loadSpecSchema = z
  .object({
    engine: z.enum(ENGINES).default('autocannon'),
    /** Scheme, host and port. */
    url: z.url(),
    /**
     * Closed loop: so many connections, each with one request under way or one person who thinks.
     * Open loop: the most that there are at a time; what finds none waits for one, and its latency goes on meanwhile.
     */
    connections: z.number().int().positive(),
    /** When people come. Open loop only. */
    arrivals: arrivalsSchema.optional(),
    duration_seconds: z.number().positive().optional(),
    /** People who come; each of them does all that the recipe says. With a duration, whatever ends first. */
    people: z.number().int().positive().optional(),
    /** A request without an answer for so long counts as an error; nobody knows what became of it. */
    timeout_seconds: z.number().positive().default(10),
    requests: requestsSchema,
    /** What became of each request goes here (answers-file.ts). */
    answers_file: z.string(),
  })
  .refine((spec) => spec.duration_seconds !== undefined || spec.people !== undefined, {
    error: 'a load ends after duration_seconds or after so many people',
  })
  .refine(({ engine, arrivals }) => (engine === 'autocannon') === (arrivals === undefined), {
    error: 'an open loop needs arrivals, a closed loop has none',
  })
  .refine(({ arrivals, duration_seconds }) => arrivals === undefined || duration_seconds !== undefined, {
    error: 'an open loop ends after duration_seconds',
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

/** Whether an open loop kept to its plan. */
export const scheduleSchema = z.object({
  /** People who were to come. */
  scheduled: count,
  /** Of those, who sent a first request. */
  sent: count,
  /** Of those, who never came: the generator could not make them. What they would have seen is not known. */
  dropped: count,
  /** process.hrtime() in ms at which the first one was to come; null where the generator does not tell. */
  began_at_ms: z.number().nullable().default(null),
  /** From the intended moment of a request to when it was sent: HdrHistogram, microseconds, compressed base64. */
  lag_histogram: z.string(),
})
export type Schedule = z.infer<typeof scheduleSchema>

/**
 * The part of a load that counts: after its own warm-up (analysis/steady-state.ts), up to the end that it was told. Who was
 * answered after that end is in no rate, and in the latencies.
 */
export const steadySchema = z.object({
  /** Where it begins, in seconds since the load began. */
  from: z.number(),
  seconds: z.number(),
  accepted: count,
  served: count,
  refused: count,
  errors: count,
  /** As that of the whole load, with those who were answered after its end. */
  histogram: z.string(),
  /** Mean latency of its last third over that of its first, less 1. */
  drift: z.number(),
  /** False: no cut leaves a series without a trend. Null: too few answers to tell, or a load that changes by its plan. */
  is_steady: z.boolean().nullable(),
})
export type Steady = z.infer<typeof steadySchema>

/** On the wire, headers included. */
export const wireSchema = z.object({ sent: count, received: count })

export const loadResultSchema = z.object({
  /** From the begin to the end by the clock, or at which it was stopped; without one, to the last answer or error. */
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
  /** Null for a closed loop. */
  schedule: scheduleSchema.nullable(),
  /** Null when a load that had no end by the clock had too few answers or too little time to tell. */
  steady: steadySchema.nullable(),
  /** The greatest step of the wall clock against the monotonic one meanwhile, in milliseconds. */
  clock_step_ms: z.number(),
  /** Of all requests and their answers; null where the generator does not count them. */
  wire_bytes: wireSchema.nullable().default(null),
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
