import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ENGINES } from '../drivers/driver.ts'

const figures = z.object({ p50: z.number(), p95: z.number(), p99: z.number(), p999: z.number(), mean: z.number() })

const resultSchema = z.object({
  driver: z.enum(ENGINES),
  pattern: z.string(),
  validity: z.enum(['VALID', 'INCONCLUSIVE', 'INVALID']),
  validity_reasons: z.array(z.string()),
  /** How many requests both sides are about. */
  samples: z.number().int().nonnegative(),
  truth_ms: figures.nullable(),
  /** Where the moment of a write is not known exactly, the truth may be as much as this. Older files have none. */
  truth_at_most_ms: figures.nullable().optional(),
  measured_ms: figures.nullable(),
  /** Signed share of the truth, of that bound which is nearer. */
  error: figures.nullable(),
  within_tolerance: z.boolean(),
  /** A closed loop is measured to be looked at: nothing is demanded of it. */
  demanded: z.boolean(),
  /** CPU of the generator per request, in microseconds; null where /proc is missing. */
  cpu_us_per_request: z.number().nullable(),
  /** Of how many tries this is the one. */
  tries: z.number().int().positive(),
})
export type CalibrationResult = z.infer<typeof resultSchema>

/** What `npm run calibrate` leaves behind. */
export const calibrationSchema = z.object({
  schema: z.literal(1),
  made_at: z.iso.datetime(),
  status: z.enum(['complete', 'interrupted']),
  rate_per_second: z.number(),
  seconds: z.number(),
  /** Every VALID result of a driver of which it is demanded is within the tolerance, and there is one of each pattern. */
  passed: z.boolean(),
  results: z.array(resultSchema),
})
export type Calibration = z.infer<typeof calibrationSchema>

/** @returns null when there is none, or none that can be read: a run goes on without it */
export async function readCalibration(file: string): Promise<Calibration | null> {
  try {
    return calibrationSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return null
  }
}
