import { z } from 'zod'
import { pipelineDemandsSchema } from '../model/pipeline/pipeline-demands.ts'
import { pointSchema } from '../points/points-file.ts'
import { environmentSchema, lawsSchema } from '../run-file.ts'

/** Files of a study: `predictions.json`, written before the first held-out point is tried, and `summary.json`. */
const foretoldSchema = z.object({ value: z.number(), low: z.number(), high: z.number() })
const figures = <Schema extends z.ZodType>(each: Schema) => z.object({ throughput: each, mean: each, p99: each })

export const predictionsSchema = z.object({
  schema: z.literal(1),
  written_at: z.iso.datetime(),
  environment: environmentSchema,
  rounds: z.object({ calibration: z.number().int(), held_out: z.number().int() }),
  /** Standard deviation of the logarithm from round to round, beyond the delays, pooled over the calibration. */
  noise: z.array(
    z.object({
      ...{ use: z.number(), mean: z.number(), p99: z.number() },
      /** Files of before had none. */
      freedom: z.number().positive().default(1e6),
    }),
  ),
  demands: z.array(pipelineDemandsSchema),
  points: z.array(
    z.object({
      point: pointSchema,
      /** Answers per second; seconds; intervals of 90 %. */
      foretold: figures(foretoldSchema),
      use: z.array(z.object({ station: z.string(), share: z.number(), units: z.number() })),
    }),
  ),
})
export type Predictions = z.infer<typeof predictionsSchema>

const comparedSchema = z.object({
  foretold: foretoldSchema,
  measured: z.number(),
  /** Foretold over measured, less 1. */
  error: z.number(),
  is_held: z.boolean(),
  /** The same measured twice: odd rounds over even ones, less 1; null with one round. */
  floor: z.number().nullable(),
})

/** Null where no point counts. */
const known = z.number().nullable()

export const accuracySummarySchema = z.object({
  schema: z.literal(1),
  predictions_written_at: z.iso.datetime(),
  measured_from: z.iso.datetime(),
  points: z.array(
    z.object({
      name: z.string(),
      trials: z.number().int(),
      /** Null without a trial that counts. */
      figures: figures(comparedSchema).nullable(),
      /** CPU of one redemption, in seconds, that was taken and that was counted. */
      demands: z.array(z.object({ station: z.string(), taken: z.number(), counted: z.number() })),
      /** The station whose demand was furthest from what was counted, by its seconds. */
      most_wrong: z.string().nullable(),
    }),
  ),
  /**
   * Medians of the absolute errors, the share of intervals that held, and how wide they are beside the floor. Open loops are
   * not counted for the throughput: it is what comes, as long as the system keeps up.
   */
  overall: figures(
    z.object({
      error: known,
      /** Median of the signed errors. */
      bias: known,
      /** Null with one round. */
      floor: known,
      held: z.number().int(),
      of: z.number().int(),
      /** Half of the interval over its value. */
      half_width: known,
      wanted: z.string(),
      verdict: z.enum(['met', 'missed']),
    }),
  ),
  /** Of the held-out points. */
  laws: lawsSchema,
  intervals: z.object({ wanted: z.string(), got: z.string(), verdict: z.enum(['met', 'missed', 'not known']) }),
  /** Numbers of the invariants that broke while the held-out points were tried. */
  broken_invariants: z.array(z.number().int()).default([]),
})
export type AccuracySummary = z.infer<typeof accuracySummarySchema>
