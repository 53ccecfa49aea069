import { z } from 'zod'
import { LIMITER_MODES, lawsSchema, profileSchema } from '../run-file.ts'

/** `summary.json` of `sweep --profiles`: how many users each of the guide's boxes carries. */
export const PROFILES_SCHEMA = 1

const amount = z.number().nonnegative()
const count = z.number().int().nonnegative()

const carriedSchema = z.object({
  /** People per second: each redeems once and looks at the status once. */
  people_per_second: amount,
  requests_per_second: amount,
  /** requests/s × (think + mean response). */
  users: amount,
  mean_ms: amount,
  p95_ms: amount,
  trials: count,
})
export type Carried = z.infer<typeof carriedSchema>

const profileResultSchema = z.object({
  name: z.string(),
  profile: profileSchema,
  store_latency_ms: amount,
  claimed: z.object({ from: amount, to: amount }).nullable(),
  /** Of the sizing trial: accepted with the drain paused, and drained alone, per second. */
  accepted_per_second: amount.nullable(),
  drained_per_second: amount.nullable(),
  /** The highest rate that held; null when none did. 0 users when an invariant broke. */
  carried: carriedSchema.nullable(),
  /** The next rate, which did not hold, and why; null when the search ended before. */
  missed: z.object({ people_per_second: amount, reasons: z.array(z.string()) }).nullable(),
  /** What gives out first, with its evidence. */
  bound: z.string(),
  /** Users over those of the first box at the same latency. */
  ratio_to_before: amount.nullable(),
  trials: count,
  invalid_trials: count,
  broken_trials: count,
  ids_examined: count,
})
export type ProfileResult = z.infer<typeof profileResultSchema>

export const profilesSummarySchema = z.object({
  schema: z.literal(PROFILES_SCHEMA),
  run_id: z.string(),
  status: z.enum(['complete', 'interrupted', 'running']),
  mode: z.enum(LIMITER_MODES),
  verdict: z.string(),
  think_time_s: amount,
  p95_ms: amount,
  /** Rates of the search are so many times each other: smaller differences are not told apart. */
  step: z.number(),
  profiles: z.array(profileResultSchema),
  laws: lawsSchema,
})
export type ProfilesSummary = z.infer<typeof profilesSummarySchema>
