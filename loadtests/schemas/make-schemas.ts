import { z } from 'zod'
import { capacityRunSchema, capacitySummarySchema } from '../capacity/capacity-file.ts'
import { compareFileSchema } from '../compare-file.ts'
import { fitFileSchema } from '../fit-file.ts'
import { runSchema, summarySchema } from '../run-file.ts'

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
    'compare.schema.json': describe(compareFileSchema, 'compare --json: two runs, or several in order of time'),
    'fit.schema.json': describe(fitFileSchema, "fit … --json: what a model says of anybody's measurements"),
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
