import { z } from 'zod'

/** Characters that need no escape in JSON, in a header or in a line of tab separated fields. */
const plainText = z.string().regex(/^[\w.@:+-]+$/, 'only letters, digits and . _ @ : + - are possible here')

/** Each request redeems one of the codes for a person who never came before: `<email_prefix>-<number>@load.test`. */
export const redeemRequestsSchema = z.object({
  kind: z.literal('redeem'),
  codes: z.array(plainText).min(1),
  email_prefix: plainText,
  /** Which code is taken when there are several is drawn from this seed. */
  seed: z.number().int(),
})

export const loadSpecSchema = z
  .object({
    /** Scheme, host and port. */
    url: z.url(),
    path: z.string().startsWith('/'),
    /** Closed loop: so many connections, each with one request under way. */
    connections: z.number().int().positive(),
    duration_seconds: z.number().positive().optional(),
    amount: z.number().int().positive().optional(),
    /** A request without an answer for so long counts as an error; nobody knows what became of it. */
    timeout_seconds: z.number().positive().default(10),
    requests: redeemRequestsSchema,
    /** What became of each request goes here (answers-file.ts). */
    answers_file: z.string(),
  })
  .refine((spec) => (spec.duration_seconds === undefined) !== (spec.amount === undefined), {
    error: 'a load ends either after duration_seconds or after an amount of requests',
  })
export type LoadSpec = z.input<typeof loadSpecSchema>
export type CheckedLoadSpec = z.output<typeof loadSpecSchema>

const count = z.number().int().nonnegative()

/** What happened since the last progress, about each second. */
export const progressSchema = z.object({
  /** Seconds since the load began. */
  second: z.number(),
  accepted: count,
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
  /** 202. */
  accepted: count,
  /** Any other answer below 500: a clear no. */
  refused: count,
  /** 5xx, time-outs and broken connections: indeterminate. */
  errors: count,
  /** By HTTP status, or `timeout`, `connection_error`, `unanswered`. */
  by_status: z.record(z.string(), count),
  /** Latencies of accepted and refused answers: HdrHistogram, microseconds, compressed base64. */
  histogram: z.string(),
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
export function asBurst(spec: Omit<LoadSpec, 'connections' | 'duration_seconds' | 'amount'>, requests = 200): LoadSpec {
  return { ...spec, connections: requests, amount: requests }
}
