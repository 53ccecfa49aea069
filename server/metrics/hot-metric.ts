import type { Metric, Registry } from 'prom-client'

export interface HotDefinition<Label extends string> {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly Label[]
  readonly registers: readonly Registry[]
}

/** One observation that stands for its bucket. */
export interface Exemplar {
  readonly traceId: string
  readonly value: number
  readonly atMs: number
}

/** A line of the exposition, less what its metric says for all of them. */
export interface ExposedValue {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Where it is not the metric's own: `_bucket`, `_sum`, `_count`. */
  readonly metricName?: string
  readonly exemplar?: Exemplar
}

export interface HotMetric<Child> {
  /** Keep what it returns: looking it up costs more than writing it. */
  labels(...values: string[]): Child
  get(): Promise<{ readonly values: ExposedValue[] }>
}

/**
 * A metric that is written many times for each request. prom-client looks the labels up at every write
 * (0.6 µs); here the child of a metric is an object that its user keeps, and a write is an addition.
 * @param expose called at the scrape, for each child
 */
export function registerHotMetric<Child, Label extends string>(
  type: 'counter' | 'histogram',
  { name, help, labelNames = [], registers }: HotDefinition<Label>,
  create: () => Child,
  expose: (child: Child, labels: Readonly<Record<string, string>>) => ExposedValue[],
): HotMetric<Child> {
  const children = new Map<string, { readonly child: Child; readonly labels: Readonly<Record<string, string>> }>()

  function labels(...values: string[]): Child {
    if (values.length !== labelNames.length)
      throw new RangeError(`${name} has the labels ${labelNames.join(', ') || '(none)'}; got ${values.length} values`)
    const key = values.join('\u0000')
    const known = children.get(key)
    if (known !== undefined) return known.child
    const child = create()
    children.set(key, { child, labels: Object.fromEntries(labelNames.map((label, at) => [label, values[at] ?? ''])) })
    return child
  }

  const values = () => [...children.values()].flatMap(({ child, labels }) => expose(child, labels))
  const get = async () => ({ name, help, type, values: values() })
  const metric = { name, help, type, labelNames, aggregator: 'sum', get }
  // A registry asks for no more of a metric than its name and `get`.
  for (const registry of registers) registry.registerMetric(metric as unknown as Metric)
  if (labelNames.length === 0) labels()
  return { labels, get }
}
