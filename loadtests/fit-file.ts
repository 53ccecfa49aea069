import { z } from 'zod'

/** What `fit … --json` prints; its JSON Schema stands in schemas/. Seconds, and customers per second. */
const amount = z.number().nonnegative()
const range = z.object({ low: z.number(), high: z.number() })
const warnings = z.array(z.string())

export const uslResultSchema = z.object({
  model: z.literal('usl'),
  parameters: z.object({ alpha: amount, beta: amount, gamma: amount }),
  /** 95 %. */
  intervals: z.object({ alpha: range, beta: range, gamma: range }),
  /** Null where throughput never falls. */
  peak: z.object({ n: amount, x: amount }).nullable(),
  /** What throughput approaches without coherency costs; null where nothing bounds it. */
  limit: amount.nullable(),
  predictions: z.array(
    z.object({
      n: amount,
      x: amount,
      /** n/x less the think time. */
      r: amount,
      /** 95 % of a new measurement of x, if the law holds there. */
      low: amount,
      high: amount,
      /** Beyond 1.5 × the greatest measured load, and no demand bound agrees. */
      extrapolated: z.boolean(),
    }),
  ),
  warnings,
})
export type UslResult = z.infer<typeof uslResultSchema>

export const mvaResultSchema = z.object({
  model: z.literal('mva'),
  customers: z.number().int().positive(),
  throughput: amount,
  response_time: amount,
  stations: z.array(
    z.object({
      name: z.string(),
      /** 0…1; null of a delay. */
      utilisation: amount.nullable(),
      queue_length: amount,
      residence_time: amount,
    }),
  ),
  bounds: z.object({
    throughput: range,
    response_time: range,
    /** Null where some station has several servers or rates. */
    balanced: z.object({ throughput: range, response_time: range }).nullable(),
    /** Up to so many customers hardly anybody waits; null where nobody ever does. */
    saturation: amount.nullable(),
    bottleneck: z.string().nullable(),
  }),
  warnings,
})
export type MvaResult = z.infer<typeof mvaResultSchema>

export const erlangResultSchema = z.object({
  model: z.literal('erlang'),
  wait_probability: amount,
  queue_length: amount,
  response_time: amount,
  utilisation: amount,
  /** Waits that 95 % and 99 % of arrivals do not exceed. */
  wait_p95: amount,
  wait_p99: amount,
  warnings,
})
export type ErlangResult = z.infer<typeof erlangResultSchema>

export const kneeResultSchema = z.object({ knee: z.number().nullable() })
export const changesResultSchema = z.object({ changes: z.array(z.number().int().nonnegative()) })

export const fitFileSchema = z.union([
  uslResultSchema,
  mvaResultSchema,
  erlangResultSchema,
  kneeResultSchema.strict(),
  changesResultSchema.strict(),
])
