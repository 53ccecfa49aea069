import { z } from 'zod'
import { SUBJECTS } from '../run-file.ts'

/** What a target can be about. The last two need commands of their own and stand here so that claims are complete. */
const MEASURES = [
  'accepted_per_second',
  'accepted_per_second_with_drain',
  'drained_per_second',
  'ratio_to_ceiling',
  'ratio_to_mode',
  'latency_p95_ms',
  'latency_p99_ms',
  'redis_round_trips_in_request',
  'sql_statements_in_request',
  'drain_cpu_over_accept_cpu',
  'oversold_in_burst',
  'availability',
  'harness_megabytes',
  'users',
  'query_ms',
] as const

const needsSchema = z.strictObject({
  /** Server processes, at least. */
  servers: z.number().int().positive().optional(),
  /** Seconds of measured load over all trials, at least. */
  measured_seconds: z.number().positive().optional(),
  /** Another command measures this; the bench never does. */
  command: z.string().min(1).optional(),
})

export const targetSchema = z
  .strictObject({
    name: z.string().min(1),
    /** Where the number comes from, e.g. what was there before. */
    claim: z.string().min(1).optional(),
    measure: z.enum(MEASURES),
    /**
     * The target has to be met by each of these, so it is open while one of them has no value; left out, by the run as
     * a whole.
     */
    modes: z.array(z.enum(SUBJECTS)).min(1).optional(),
    /** The other side of `ratio_to_mode`. */
    over: z.enum(SUBJECTS).optional(),
    /** What the target is about; to a run of another scenario it does not apply. Left out: to each. */
    scenarios: z.array(z.string().min(1)).min(1).optional(),
    at_least: z.number().optional(),
    at_most: z.number().optional(),
    equals: z.number().optional(),
    /** How far from `equals` still counts as equal. */
    tolerance: z.number().nonnegative().default(0.05),
    unit: z.string().default(''),
    needs: needsSchema.optional(),
  })
  .superRefine((target, context) => {
    const bounds = [target.at_least, target.at_most, target.equals].filter((bound) => bound !== undefined)
    if (bounds.length !== 1) {
      context.addIssue({ code: 'custom', message: 'expected exactly one of at_least, at_most and equals' })
    }
    if ((target.measure === 'ratio_to_mode') !== (target.over !== undefined)) {
      context.addIssue({ code: 'custom', message: 'expected "over" with the measure ratio_to_mode, and only there' })
    }
  })
export type Target = z.infer<typeof targetSchema>

/** A user redeems or looks at a status, waits the think time and comes again. */
const userSchema = z.strictObject({ think_time_s: z.number().positive(), p95_ms: z.number().positive() })

export const targetsSchema = z.strictObject({
  schema: z.literal(1),
  name: z.string().min(1),
  user: userSchema.optional(),
  targets: z.array(targetSchema).min(1),
})
export type Targets = z.infer<typeof targetsSchema>
