import { z } from 'zod'
import { yesOrNo } from '../environment.ts'

const url = z.url({ protocol: /^https?$/, error: 'expected a URL that starts with http:// or https://' }).optional()
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/**
 * OpenTelemetry's own variables, as far as they decide whether and what is traced
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/); its SDK reads the others itself.
 */
export const tracingEnvironment = {
  /** Collector that takes OTLP over HTTP, such as http://127.0.0.1:4318; without one nothing is traced. */
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  /** The same for traces only, with its path. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
  OTEL_SDK_DISABLED: yesOrNo.default(false),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS, { error: `expected one of ${SAMPLERS.join(', ')}` })
    .default('parentbased_always_on'),
  /** Share of the traces that are kept, for the samplers by ratio. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number({ error: 'expected a number from 0 to 1' })
    .min(0, 'expected at least 0')
    .max(1, 'expected at most 1')
    .default(1),
} as const

const parsed = z.object(tracingEnvironment)
export type TracingConfig = Readonly<z.output<typeof parsed>>
