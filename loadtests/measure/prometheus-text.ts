export interface MetricSample {
  labels: Record<string, string>
  value: number
}

/** Samples by metric name; a histogram's parts stand under their own names (`_sum`, `_count`, `_bucket`). */
export type Metrics = ReadonlyMap<string, readonly MetricSample[]>

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"\s*,?\s*/y

/** Parses the Prometheus text format 0.0.4. Throws RangeError for a line that is not of it. */
export function parsePrometheusText(text: string): Metrics {
  const metrics = new Map<string, MetricSample[]>()
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const match = LINE.exec(line)
    if (!match) throw new RangeError(`not a line of the Prometheus text format: "${line.slice(0, 120)}"`)
    const [, name = '', labels = '', value = ''] = match
    const samples = metrics.get(name) ?? []
    samples.push({ labels: parseLabels(labels), value: parseValue(value) })
    metrics.set(name, samples)
  }
  return metrics
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    if (!match) throw new RangeError(`not a list of labels: "${text.slice(0, 120)}"`)
    labels[match[1] as string] = unescapeLabel(match[2] as string)
  }
  return labels
}

function unescapeLabel(value: string): string {
  return value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

function parseValue(text: string): number {
  const infinite = /^([+-]?)Inf$/.exec(text)
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const value = Number(text)
  // prom-client writes "Nan".
  if (Number.isNaN(value) && text.toLowerCase() !== 'nan') throw new RangeError(`not a value of a metric: "${text}"`)
  return value
}

/** Sum of the samples that carry these labels; null when there is none. */
export function sumOf(metrics: Metrics, name: string, labels: Record<string, string> = {}): number | null {
  const wanted = Object.entries(labels)
  const found = metrics.get(name)?.filter((sample) => wanted.every(([key, value]) => sample.labels[key] === value))
  return found?.length ? found.reduce((sum, sample) => sum + sample.value, 0) : null
}

/** Reads the metrics of a process. Rejects when it does not answer with them before the signal is aborted. */
export async function scrape(url: string, signal: AbortSignal): Promise<Metrics> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return parsePrometheusText(await response.text())
}
