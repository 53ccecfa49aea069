import { z } from 'zod'
import { pipelineDemandsSchema } from '../model/pipeline/pipeline-demands.ts'
import { environmentSchema, LIMITER_MODES, lawsSchema, profileSchema } from '../run-file.ts'
import { footprintSchema } from './footprint.ts'

/** What `plan` writes: `basis.json`, what it stands on; `plan.json`, what it says; and the record of plans that were verified. */
const number = z.number()
const figures = <Schema extends z.ZodType>(each: Schema) => z.object({ throughput: each, mean: each, p99: each })

/** Files of before did not check them. */
const checkedLaws = lawsSchema.default({ checks: 0, violations: [] })

export const basisSchema = z.object({
  schema: z.literal(1),
  measured_at: z.iso.datetime(),
  /** The run that it was taken from. */
  run_id: z.string(),
  environment: environmentSchema,
  demands: pipelineDemandsSchema,
  noise: z.array(z.object({ use: number, mean: number, p99: number, freedom: number.positive() })),
  rounds: z.number().int().positive(),
  footprint: footprintSchema,
  laws: checkedLaws,
  semaphore: z.number().int().positive(),
  db_latency_ms: number,
  redis_latency_ms: number,
})
export type BasisFile = z.infer<typeof basisSchema>

const foretoldSchema = z.object({ value: number.nullable(), low: number.nullable(), high: number.nullable() })
const useSchema = z.object({ station: z.string(), share: number, units: number })

const candidateSchema = z.object({
  profile: profileSchema,
  /** Redemptions per second that the users make. */
  rate: number,
  /** Null: its line only grows. Seconds. */
  throughput: foretoldSchema,
  mean: foretoldSchema,
  p99: foretoldSchema,
  use: z.array(useSchema),
  bottleneck: useSchema,
  memory_bytes: number,
  megabits_per_second: number.nullable(),
  blocked: z.array(z.string()),
})

const verificationSchema = z.object({
  run_id: z.string(),
  trials: z.number().int(),
  figures: figures(
    z.object({ foretold: number, low: number, high: number, measured: number, error: number, is_held: z.boolean() }),
  ).nullable(),
  /** Invariants that broke meanwhile, by number. */
  broken: z.array(z.number().int()),
  meets_target: z.boolean(),
  /** Foretold with the generator of the load on the same machine; without it where no room was left. */
  with_generator: z.boolean().default(true),
  laws: checkedLaws,
})
export type Verification = z.infer<typeof verificationSchema>

export const planFileSchema = z.object({
  schema: z.literal(1),
  made_at: z.iso.datetime(),
  request: z.object({
    users: number,
    think_s: number,
    p99_ms: number,
    mode: z.enum(LIMITER_MODES),
    codes: z.enum(['one', 'many']),
    machine: z.object({ cores: z.number().int(), memory_bytes: number, megabits_per_second: number }),
    what_if: z.object({
      postgres_speed: number,
      instances: z.number().int(),
      redis_nodes: z.number().int(),
      replica: z.boolean(),
      regions: z.number().int(),
      region_round_trip_ms: number,
    }),
  }),
  basis: z.object({ run_id: z.string(), measured_at: z.iso.datetime() }),
  /** Why not to lean on it. */
  warnings: z.array(z.string()),
  recommended: candidateSchema.nullable(),
  smaller: z.array(candidateSchema),
  larger: z.array(candidateSchema),
  /** The recommended profile over the load: figures as those of a candidate. */
  curve: z.array(
    z.object({ users: number, rate: number, throughput: foretoldSchema, mean: foretoldSchema, p99: foretoldSchema }),
  ),
  growth: z.array(z.object({ more: number, breaks: z.string().nullable() })),
  /** The load that the recommended profile still meets the target at, over what is asked for. */
  headroom: number.nullable(),
  /** What breaks first just above that. */
  headroom_breaks: z.string().nullable().default(null),
  /** Beyond so many users a prediction is a guess: the measurement is too far away. */
  trusted_users: number.nullable().default(null),
  fleet: z
    .object({
      rate: number,
      parts: z.array(z.object({ part: z.string(), count: z.number().int(), how: z.string() })).readonly(),
      assumptions: z.array(z.string()).readonly(),
      walls: z.array(z.string()).readonly(),
    })
    .nullable(),
  verification: verificationSchema.nullable(),
})
export type PlanFile = z.infer<typeof planFileSchema>

/** One plan that was verified. */
const recordedSchema = z.object({
  at: z.iso.datetime(),
  run_id: z.string(),
  mode: z.enum(LIMITER_MODES),
  profile: profileSchema,
  rate: number,
  errors: figures(number),
  held: figures(z.boolean()),
})
export const recordSchema = z.object({ schema: z.literal(1), plans: z.array(recordedSchema) })
export type PlanRecord = z.infer<typeof recordSchema>
