import { type HotDefinition, type HotMetric, registerHotMetric } from './hot-metric.ts'

export interface CounterChild {
  inc(): void
}

export type HotCounter = HotMetric<CounterChild>

class Child implements CounterChild {
  value = 0
  inc(): void {
    this.value++
  }
}

/** A counter for the path of a request: one addition for each event. */
export function createHotCounter<Label extends string>(definition: HotDefinition<Label>): HotCounter {
  return registerHotMetric(
    'counter',
    definition,
    () => new Child(),
    ({ value }, labels) => [{ labels, value }],
  )
}
