import { z } from 'zod'
import { pointsRunSchema } from '../points/points-file.ts'
import { LIMITER_MODES, lawsSchema } from '../run-file.ts'

/**
 * The files of `npm run capacity`: `run.json` is a run over points with what was searched for; `summary.json` follows from
 * it. Loads are people per second of an open loop, connections of a closed one.
 */
export const CAPACITY_SCHEMA = 1

const count = z.number().int().nonnegative()
const amount = z.number().nonnegative()
const positive = z.number().positive()

/** A latency target; whatever else must hold is the same for all goals. */
export const latencyGoalSchema = z.object({
  /** As it was asked for: `p99=300ms`. */
  name: z.string().min(1),
  percentile: z.number().gt(0).lt(100),
  most_ms: positive,
})
export type LatencyGoal = z.infer<typeof latencyGoalSchema>

export const searchSettingsSchema = z.object({
  loop: z.enum(['open', 'closed']),
  modes: z.array(z.enum(LIMITER_MODES)).min(1),
  goals: z.array(latencyGoalSchema).min(1),
  /** RFC 9971's words (search-goal.ts). */
  width: positive,
  exceed_ratio: amount.lt(1),
  initial_trial_seconds: positive,
  final_trial_seconds: positive,
  duration_sum: positive,
  start: positive,
  least: positive,
  most: positive,
  step: positive,
  searches: count,
  most_trials: count,
  /** Share of the requests that may end in a refusal or an error. */
  most_errors: amount,
})
export type SearchSettings = z.infer<typeof searchSettingsSchema>

/** A trial's `round` is the search that it belongs to, from 1, its `position` its place within that search. */
export const capacityRunSchema = pointsRunSchema.extend({
  command: z.literal('capacity'),
  search: searchSettingsSchema,
  /** Why each search ended; one that was interrupted is not in it. */
  ended: z.array(z.object({ search: count, mode: z.enum(LIMITER_MODES), why: z.string() })),
})
export type CapacityRun = z.infer<typeof capacityRunSchema>

const STATIONS = [
  'event loop',
  'Postgres CPU',
  'pool wait',
  'row lock',
  'Redis CPU',
  'limiter',
  'worker backlog',
  'generator',
  'machine',
] as const
export type StationName = (typeof STATIONS)[number]

const bottleneckSchema = z.object({
  /** The busiest one first; several where they are close; none where nothing was busy. */
  names: z.array(z.enum(STATIONS)),
  /** What was seen of each, in words, the busiest one first. */
  evidence: z.array(z.string()),
  /** How far each station is used, 1 where it has nothing left, the one that limits most first. */
  use: z.array(z.object({ station: z.enum(STATIONS), share: amount })),
})
export type Bottleneck = z.infer<typeof bottleneckSchema>

const capacityResultSchema = z.object({
  mode: z.enum(LIMITER_MODES),
  goal: z.string(),
  search: count,
  /**
   * `interval`: between both bounds. `at least`: nothing above could be tried, or missed. `below`: the smallest load missed.
   * `zero`: an invariant broke. `unknown`: nothing can be said.
   */
  kind: z.enum(['interval', 'at least', 'below', 'zero', 'unknown']),
  /** Relevant bounds. */
  lower: amount.nullable(),
  upper: amount.nullable(),
  /** What a regular goal result lacks (RFC 9971); null for a regular one. */
  irregular: z.string().nullable(),
  /** Why it is zero, unknown or no interval. */
  why: z.string().nullable(),
  /** Redemptions per second at the lower bound, and the goal's percentile there. */
  throughput: amount.nullable(),
  latency_ms: amount.nullable(),
  /** What the upper bound missed. */
  misses: z.array(z.string()),
  /** A larger load met what a smaller one missed: the smaller one is believed. */
  is_inverted: z.boolean(),
  trials: count,
  invalid_trials: count,
  /** Seconds of load over all trials of the search. */
  trial_seconds: amount,
  bottleneck: bottleneckSchema.nullable(),
})
export type CapacityResult = z.infer<typeof capacityResultSchema>

const spreadSchema = z.object({
  mode: z.enum(LIMITER_MODES),
  goal: z.string(),
  /** Searches that ended with an interval. */
  searches: count,
  /** The lowest and the highest middle of their intervals, and the one over the other, less 1. */
  low: amount,
  high: amount,
  spread: amount,
})
export type Spread = z.infer<typeof spreadSchema>

const trialViewSchema = z.object({
  mode: z.enum(LIMITER_MODES),
  search: count,
  position: count,
  load: positive,
  seconds: amount,
  verdict: z.enum(['valid', 'invalid']),
  why: z.string().nullable(),
  broken: z.string().nullable(),
  goals: z.record(z.string(), z.object({ met: z.boolean(), misses: z.array(z.string()) })),
  accepted_per_second: amount,
  p99_ms: amount.nullable(),
})
export type TrialView = z.infer<typeof trialViewSchema>

export const capacitySummarySchema = z.object({
  schema: z.literal(CAPACITY_SCHEMA),
  run_id: z.string(),
  status: z.enum(['complete', 'interrupted', 'running']),
  /** The verdict in a few sentences. */
  verdict: z.string(),
  loop: z.enum(['open', 'closed']),
  results: z.array(capacityResultSchema),
  spreads: z.array(spreadSchema),
  /** Every trial and what it says, in the order in which they ran. */
  trials: z.array(trialViewSchema),
  laws: lawsSchema,
})
export type CapacitySummary = z.infer<typeof capacitySummarySchema>
