import type { Registry } from 'prom-client'
import type { Exemplar, ExposedValue } from './hot-metric.ts'

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** What an `Accept` header may call the two formats; parameters such as version and escaping are nothing to choose by. */
const OPEN = 'application/openmetrics-text'
const PLAIN = ['text/plain', 'text/*', '*/*']

/** @param accepted media types without their parameters, the most wanted first */
export const wantsOpenMetrics = (accepted: readonly string[]) =>
  accepted.find((type) => type === OPEN || PLAIN.includes(type)) === OPEN

interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly ExposedValue[]
}

/**
 * A registry in the OpenMetrics format (https://prometheus.io/docs/specs/om/open_metrics_spec/), which has room for
 * exemplars. The client library writes it only by renaming the metrics themselves, after which its other format is wrong.
 */
export async function writeOpenMetrics(registry: Registry): Promise<string> {
  const families = (await registry.getMetricsAsJSON()) as unknown as Family[]
  return `${families.flatMap(writeFamily).join('\n')}\n# EOF\n`
}

function writeFamily({ name, help, type, values }: Family): string[] {
  // Here `_total` belongs to the sample of a counter, not to the counter.
  const family = type === 'counter' ? name.replace(/_total$/, '') : name
  const sample = type === 'counter' ? `${family}_total` : name
  const head = [`# HELP ${family} ${escapeText(help)}`, `# TYPE ${family} ${type === 'untyped' ? 'unknown' : type}`]
  return [...head, ...values.map((value) => writeSample(sample, value))]
}

function writeSample(name: string, { metricName = name, labels, value, exemplar }: ExposedValue): string {
  return `${metricName}${writeLabels(labels)} ${writeNumber(value)}${exemplar ? writeExemplar(exemplar) : ''}`
}

function writeExemplar({ traceId, value, atMs }: Exemplar): string {
  return ` # {trace_id="${traceId}"} ${writeNumber(value)} ${(atMs / 1_000).toFixed(3)}`
}

function writeLabels(labels: ExposedValue['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${writeLabel(name, value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** Bounds are written as floats: Prometheus 3 stores them so, whatever it was given. */
const writeLabel = (name: string, value: string | number) =>
  name === 'le' && Number.isInteger(Number(value)) ? Number(value).toFixed(1) : escapeText(String(value))

const escapeText = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')

const writeNumber = (value: number) => String(value).replace('Infinity', 'Inf').replace(/^Inf/, '+Inf')
