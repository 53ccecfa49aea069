import { z } from 'zod'
import { LIMITER_MODES, lawsSchema, PROCESS_KINDS } from '../run-file.ts'
import { KNOB_NAMES } from './knobs.ts'

/** `summary.json` of a sweep: what its run says. The raw trials stand in run.json (points/points-file.ts). */
export const SWEEP_SCHEMA = 1

const count = z.number().int().nonnegative()
const amount = z.number().nonnegative()
const interval = z.object({ median: z.number(), low: z.number(), high: z.number() })
const ratio = z.object({ estimate: z.number(), low: z.number().nullable(), high: z.number().nullable() })
const perKind = z.partialRecord(z.enum(PROCESS_KINDS), z.number())

/** Of the Postgres pools of all servers together. */
const poolReadingSchema = z.object({
  wait_ms: interval,
  hold_ms: interval,
  /** Connections in use in the mean, by the count of the pools themselves. */
  busy: interval,
  /** Answers per second, by the clients, times the hold, by the servers' stopwatches; null where a request uses no SQL. */
  throughput_x_hold: interval.nullable(),
  /** busy / throughput_x_hold within rounds, and whether that is 1 within 5 %. */
  agreement: interval.nullable(),
  agrees: z.boolean().nullable(),
})
export type PoolReading = z.infer<typeof poolReadingSchema>

/** Medians over rounds with their bootstrap intervals. */
const pointResultSchema = z.object({
  name: z.string(),
  /** What was varied. */
  values: z.partialRecord(z.enum(KNOB_NAMES), z.number()),
  trials: count,
  failed_trials: count,
  invalid_trials: count,
  /** Why trials failed or do not count. */
  reasons: z.array(z.string()),
  broken_invariants: z.array(count),
  ids_examined: count,
  answered_per_second: interval.nullable(),
  accepted_per_second: interval.nullable(),
  drained_per_second: interval.nullable(),
  /** Within rounds, of the sweep's figure. */
  ratio_to_best: ratio.nullable(),
  mean_ms: interval.nullable(),
  p50_ms: interval.nullable(),
  p95_ms: interval.nullable(),
  p99_ms: interval.nullable(),
  error_ratio: amount.nullable(),
  /** Cores used during the load, by kind of process. */
  cores: perKind,
  cpu_ms_per_answer: perKind,
  /** Mean utilisation of the servers' event loops, 0…1. */
  event_loop: amount.nullable(),
  pool: poolReadingSchema.nullable(),
})
export type PointResult = z.infer<typeof pointResultSchema>

const poolCurveSchema = z.object({
  /** Answers per second that one more connection brings, in the pools that are always in use; and 1/hold there. */
  slope: interval.nullable(),
  one_over_hold: interval.nullable(),
  /** slope × hold within rounds. */
  slope_x_hold: interval.nullable(),
  /** Where the measured curve bends most (Kneedle). */
  knee: amount.nullable(),
  /** ΣD/Dmax: the hold of the smallest pool over the largest demand, in connections of all servers. */
  demand_knee: amount.nullable(),
  largest_demand: z.object({ station: z.string(), ms: amount }).nullable(),
  /** Largest pool against the others past the knee, within rounds. */
  tail: z.object({
    verdict: z.enum(['decline', 'plateau', 'still rising', 'not known']),
    ratio: ratio.nullable(),
    told: z.string(),
  }),
})
export type PoolCurve = z.infer<typeof poolCurveSchema>

const recommendationSchema = z.object({
  knob: z.enum(KNOB_NAMES),
  value: z.number(),
  /** The smallest of which it is certain, with 95 %; null where the noise does not allow to tell. */
  certain: z.number().nullable(),
  best: z.number(),
  told: z.string(),
})
export type Recommendation = z.infer<typeof recommendationSchema>

const modelSchema = z.object({
  parameters: z.object({ alpha: amount, beta: amount, gamma: amount }),
  peak: z.object({ n: amount, x: amount }).nullable(),
  /** Where the measured curve bends most (Kneedle). */
  knee: amount.nullable(),
  curve: z.array(z.object({ n: amount, x: amount, low: amount, high: amount })),
  warnings: z.array(z.string()),
})
export type SweepModel = z.infer<typeof modelSchema>

export const SWEEP_FIGURES = ['answered_per_second', 'drained_per_second', 'mean_ms'] as const
export type SweepFigure = (typeof SWEEP_FIGURES)[number]

export const sweepSummarySchema = z.object({
  schema: z.literal(SWEEP_SCHEMA),
  run_id: z.string(),
  status: z.enum(['complete', 'interrupted', 'running']),
  mode: z.enum(LIMITER_MODES),
  /** In a sentence or two. */
  verdict: z.string(),
  knobs: z.array(z.object({ knob: z.enum(KNOB_NAMES), values: z.array(z.number()) })),
  /** What the points are compared by. */
  figure: z.enum(SWEEP_FIGURES),
  best: z.string().nullable(),
  points: z.array(pointResultSchema),
  /** Of a sweep over connections alone. */
  usl: modelSchema.nullable(),
  /** Of a sweep over pools alone, in a mode whose requests use SQL. */
  pool_curve: poolCurveSchema.nullable(),
  /** Of a sweep over one size of the system. */
  recommendation: recommendationSchema.nullable(),
  /** 2 × cores + spindles, connections of all processes together. */
  rule_of_thumb: count.nullable(),
  laws: lawsSchema,
  warnings: z.array(z.string()),
})
export type SweepSummary = z.infer<typeof sweepSummarySchema>
