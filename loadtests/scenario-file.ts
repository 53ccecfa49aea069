import { z } from 'zod'
import { arrivalsSchema } from './drivers/arrivals.ts'
import { CELLS } from './drivers/recipes/custom.ts'
import { targetSchema } from './targets/targets-schema.ts'

const text = z.string().min(1)
const name = z.string().regex(/^[\w.-]+$/, 'only letters, digits and . _ - are possible here')

/** As HTTP/1.1 wants them (RFC 9110, 5.1 and 5.5; RFC 9112, 3.2): each engine would make something else of the rest. */
const HEADER_NAME = /^[!#$%&'*+.^`|~\w-]+$/
const pathSchema = z
  .string()
  .regex(/^\//, 'expected a path such as /items')
  .refine(
    (path) => /^[!-~]*$/.test(path.replaceAll(CELLS, '')),
    'only visible ASCII is possible in a path: write a space as %20, others as encodeURIComponent does',
  )
export const headerValueSchema = z.string().regex(/^[^\0\r\n]*$/, 'no header can hold a line break')

/** How a message ends, and whether its connection is kept. */
const GENERATORS_OWN = /^(content-length|transfer-encoding|connection)$/i
const headersSchema = z
  .record(z.string().regex(HEADER_NAME, 'is no name of a header'), headerValueSchema.min(1))
  .refine(
    (headers) => !Object.keys(headers).some((header) => GENERATORS_OWN.test(header)),
    'the generator itself says Content-Length, Transfer-Encoding and Connection: leave them out',
  )

const requestSchema = z.strictObject({
  name,
  /** How often it is sent beside the others. */
  weight: z.number().positive().default(1),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  /** From the root, with its query; `{{people.id}}` is a cell of the data, `{{person}}` the number of the person. */
  path: pathSchema,
  headers: headersSchema.default({}),
  /** Sent as JSON; its texts may hold `{{…}}`. */
  body: z.json().optional(),
  checks: z
    .strictObject({ status: z.array(z.number().int()).min(1).default([200]), body_contains: text.optional() })
    .default({ status: [200] }),
})

/** A team's own scenario: any HTTP endpoint under load. */
export const scenarioFileSchema = z.strictObject({
  name,
  description: text,
  /** Scheme, host and port; `--url` on the command line comes first. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** Closed loop: so many at a time. Open loop: when people come. The command line comes first. */
  connections: z.number().int().positive().max(10_000).optional(),
  arrivals: arrivalsSchema.optional(),
  seconds: z.number().positive().max(86_400).default(10),
  requests: z.array(requestSchema).min(1),
  /** CSV files by name, from the directory of the scenario file; the first line names the columns. */
  data: z.record(name, text).default({}),
  /** As in a targets file (loadtests/targets/README.md); `modes` is left out. */
  targets: z.array(targetSchema).default([]),
  /** Laid on the timeline: PromQL by the name that the report shows. */
  prometheus: z.strictObject({ url: z.url(), queries: z.record(z.string(), text) }).optional(),
  /** A command that judges the target after each trial, in place of the ledger's invariants: exit code 0 means sound. */
  verify: z.array(text).min(1).optional(),
})
export type ScenarioFile = z.output<typeof scenarioFileSchema>

/** Gives the editor its types; what is wrong is told when the file is loaded. */
export function defineScenario(scenario: z.input<typeof scenarioFileSchema>): z.input<typeof scenarioFileSchema> {
  return scenario
}
