import { z } from 'zod'
import { calibrationSchema } from '../calibrate/calibration-file.ts'
import { arrivalsSchema } from '../drivers/arrivals.ts'
import { environmentSchema, LIMITER_MODES, profileSchema, STOP_REASONS, trialSchema } from '../run-file.ts'

/**
 * The file `run.json` of a run over points (sweep, capacity, plan --verify, study:accuracy). A point is one size of the
 * system under one load; its trials are those of `bench` with a single measured load.
 */
export const POINTS_SCHEMA = 1

const count = z.number().int().nonnegative()
const amount = z.number().nonnegative()

export const pointSchema = z
  .object({
    /** Unique in its run, and for people: `pool 20, 50 connections`. */
    name: z.string().min(1),
    mode: z.enum(LIMITER_MODES),
    profile: profileSchema,
    /** Codes that the redemptions are spread over, evenly: 1 is one hot code. */
    codes: z.number().int().positive(),
    /** How often somebody who has redeemed then looks at the status, each time after `think_ms`. */
    polls: count.default(0),
    think_ms: amount.default(0),
    /** Closed loop: people at work all the time. Open loop: the most that there are at a time. */
    connections: z.number().int().positive(),
    /** When people come, of an open loop; null for a closed one. */
    arrivals: arrivalsSchema.nullable(),
    db_latency_ms: amount,
    redis_latency_ms: amount,
    /** `paused`: only the accepting is measured, and the drain after it by itself. `running`: both at the same time. */
    drain: z.enum(['paused', 'running']),
    /** Seconds. */
    warm_up: amount,
    /** Before it so many redeem as fast as they are answered, so that the code is compiled; 0 in older runs. */
    warm_up_people: count.default(0),
    duration: z.number().positive(),
  })
  .refine(({ polls, codes }) => polls === 0 || codes === 1, { error: 'people who look at the status redeem one code' })
export type Point = z.infer<typeof pointSchema>

export const pointsRunSchema = z.object({
  schema: z.literal(POINTS_SCHEMA),
  run_id: z.string(),
  command: z.string(),
  /** The command line that repeats this run. */
  repeat_with: z.string(),
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  status: z.enum(['complete', 'interrupted', 'running']),
  stopped_because: z.enum(STOP_REASONS).nullable(),
  environment: environmentSchema,
  seed: z.number().int(),
  /** Each of them is tried so often, in an order drawn anew each time; 0 for a search, which chooses as it goes on. */
  rounds: count,
  points: z.array(pointSchema),
  harness_peak_rss_bytes: count,
  /** The last calibration of the meter before the run; null when there was none. */
  calibration: calibrationSchema.nullable().default(null),
  /**
   * `profile` is the point's name; the one load is called as the point's `drain`. After a running drain,
   * `drain.seconds` is what was left to do when the load had ended.
   */
  trials: z.array(trialSchema),
})
export type PointsRun = z.infer<typeof pointsRunSchema>
