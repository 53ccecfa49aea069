import { type ExposedValue, type HotDefinition, type HotMetric, registerHotMetric } from './hot-metric.ts'

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
    let bucket = 0
    while (bucket < this.bounds.length && seconds > (this.bounds[bucket] as number)) bucket++
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.sum += seconds
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

/** A histogram for the path of a request. @param buckets upper bounds, ascending */
export function createHotHistogram<Label extends string>(
  definition: HotDefinition<Label> & { readonly buckets: readonly number[] },
): HotHistogram {
  const { name, buckets } = definition
  return registerHotMetric(
    'histogram',
    definition,
    () => new Child(buckets),
    (child, labels) => exposeHistogram(name, child, labels),
  )
}

function exposeHistogram(name: string, child: Child, labels: Readonly<Record<string, string>>): ExposedValue[] {
  let count = 0
  const exposed: ExposedValue[] = []
  child.counts.forEach((inBucket, index) => {
    count += inBucket
    const le = index < child.bounds.length ? String(child.bounds[index]) : '+Inf'
    exposed.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count })
  })
  exposed.push({ metricName: `${name}_sum`, labels, value: child.sum })
  exposed.push({ metricName: `${name}_count`, labels, value: count })
  return exposed
}
