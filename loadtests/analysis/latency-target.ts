import type { Targets } from '../targets/targets-schema.ts'

/**
 * The shortest latency that a run of this scenario is held against, in milliseconds; undefined where its targets name none.
 * What a load generator may be late by is a share of it.
 */
export function latencyTargetMs({ user, targets }: Targets, scenario: string): number | undefined {
  const named = targets.flatMap(({ measure, scenarios, at_most: most }) =>
    measure.startsWith('latency_') && (scenarios?.includes(scenario) ?? true) ? (most ?? []) : [],
  )
  const all = [...named, ...(user === undefined ? [] : [user.p95_ms])]
  return all.length === 0 ? undefined : Math.min(...all)
}
