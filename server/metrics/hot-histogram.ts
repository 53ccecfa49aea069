import {
  type Exemplar,
  type ExposedValue,
  type HotDefinition,
  type HotMetric,
  registerHotMetric,
} from './hot-metric.ts'

export interface HistogramChild {
  observe(seconds: number): void
  /** @returns ends the time and observes it; gives the seconds */
  startTimer(): () => number
}

export type HotHistogram = HotMetric<HistogramChild>

class Child implements HistogramChild {
  readonly bounds: readonly number[]
  /** Of each bucket by itself; the last one has no bound. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(seconds: number): void {
    this.add(seconds)
  }

  /** @returns the index of its bucket */
  protected add(seconds: number): number {
    let bucket = 0
    while (bucket < this.bounds.length && seconds > (this.bounds[bucket] as number)) bucket++
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.sum += seconds
    return bucket
  }

  exemplarOf(_bucket: number): Exemplar | undefined {
    return undefined
  }

  startTimer(): () => number {
    const startedAt = performance.now()
    return () => {
      const seconds = (performance.now() - startedAt) / 1_000
      this.observe(seconds)
      return seconds
    }
  }
}

/** Keeps of each bucket the last trace that fell into it. */
class ChildWithExemplars extends Child {
  private readonly exemplars: (Exemplar | undefined)[] = []
  private readonly findTraceId: FindTraceId

  constructor(bounds: readonly number[], findTraceId: FindTraceId) {
    super(bounds)
    this.findTraceId = findTraceId
  }

  override observe(seconds: number): void {
    const bucket = this.add(seconds)
    const traceId = this.findTraceId()
    if (traceId !== undefined) this.exemplars[bucket] = { traceId, value: seconds, atMs: Date.now() }
  }

  override exemplarOf(bucket: number): Exemplar | undefined {
    return this.exemplars[bucket]
  }
}

/** Of the trace that an observation belongs to; undefined when there is none that is kept. */
type FindTraceId = () => string | undefined

interface HotHistogramDefinition<Label extends string> extends HotDefinition<Label> {
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
  /** Given, each bucket shows a trace as its exemplar, where the format has room for it. */
  readonly findTraceId?: FindTraceId
}

/** A histogram for the path of a request. */
export function createHotHistogram<Label extends string>(definition: HotHistogramDefinition<Label>): HotHistogram {
  const { name, buckets, findTraceId } = definition
  return registerHotMetric(
    'histogram',
    definition,
    () => (findTraceId === undefined ? new Child(buckets) : new ChildWithExemplars(buckets, findTraceId)),
    (child, labels) => exposeHistogram(name, child, labels),
  )
}

function exposeHistogram(name: string, child: Child, labels: Readonly<Record<string, string>>): ExposedValue[] {
  let count = 0
  const exposed: ExposedValue[] = []
  child.counts.forEach((inBucket, index) => {
    count += inBucket
    const le = index < child.bounds.length ? String(child.bounds[index]) : '+Inf'
    const exemplar = child.exemplarOf(index)
    const bucket = { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
    exposed.push(exemplar === undefined ? bucket : { ...bucket, exemplar })
  })
  exposed.push({ metricName: `${name}_sum`, labels, value: child.sum })
  exposed.push({ metricName: `${name}_count`, labels, value: count })
  return exposed
}
