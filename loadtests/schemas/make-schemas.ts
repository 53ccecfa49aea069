import { z } from 'zod'
import { accuracySummarySchema } from '../accuracy/accuracy-file.ts'
import { capacityRunSchema, capacitySummarySchema } from '../capacity/capacity-file.ts'
import { compareFileSchema } from '../compare-file.ts'
import { fitFileSchema } from '../fit-file.ts'
import { planFileSchema } from '../plan/plan-file.ts'
import { pointsRunSchema } from '../points/points-file.ts'
import { runSchema, summarySchema } from '../run-file.ts'
import { profilesSummarySchema } from '../sweep/profiles-file.ts'
import { sweepSummarySchema } from '../sweep/sweep-file.ts'

/** File name → JSON Schema (2020-12), as it is published beside this file. */
export function makeSchemas(): Record<string, string> {
  const schemas = {
    'run.schema.json': describe(runSchema, 'run.json: environment, plan, trials and raw histograms of one run'),
    'summary.schema.json': describe(summarySchema, 'summary.json: what a run says'),
    'capacity-run.schema.json': describe(
      capacityRunSchema,
      'run.json of capacity: points, trials and what was searched',
    ),
    'capacity-summary.schema.json': describe(capacitySummarySchema, 'summary.json of capacity: what the searches say'),
    'points.schema.json': describe(
      pointsRunSchema,
      'run.json of a run over points (sweep): sizes, loads and their trials',
    ),
    'sweep.schema.json': describe(sweepSummarySchema, 'summary.json of a sweep: what one knob or two do'),
    'profiles.schema.json': describe(profilesSummarySchema, 'summary.json of sweep --profiles: users that boxes carry'),
    'compare.schema.json': describe(compareFileSchema, 'compare --json: two runs, or several in order of time'),
    'fit.schema.json': describe(fitFileSchema, "fit … --json: what a model says of anybody's measurements"),
    'plan.schema.json': describe(planFileSchema, 'plan --json: the profile that so many users need'),
    'accuracy.schema.json': describe(
      accuracySummarySchema,
      'study accuracy --json: what was foretold, and what was measured',
    ),
  }
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, `${JSON.stringify(schema, null, 2)}\n`]),
  )
}

/** As it is read: what was added later may be missing. */
function describe(schema: z.ZodType, title: string): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', reused: 'inline' })
  return { $schema, title, ...rest }
}
