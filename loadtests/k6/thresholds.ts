import type { Options } from 'k6/options'

/** As much of a targets file (loadtests/targets/) as k6 can hold itself against. */
interface TargetsFile {
  readonly user?: { readonly p95_ms: number } | undefined
  readonly targets: readonly {
    readonly measure: string
    readonly at_most?: number | undefined
    readonly at_least?: number | undefined
    readonly scenarios?: readonly string[] | undefined
  }[]
}

type Thresholds = NonNullable<Options['thresholds']>

/**
 * The latencies and the availability of a targets file as thresholds of k6; what it says of other scenarios is left out. A
 * dropped iteration always fails: what that person would have seen is not known.
 */
export function thresholdsFrom({ user, targets }: TargetsFile, scenario: string): Thresholds {
  const durations = user ? [`p(95)<${user.p95_ms}`] : []
  const failures: string[] = []
  for (const { measure, at_most: most, at_least: least, scenarios } of targets) {
    if (scenarios && !scenarios.includes(scenario)) continue
    if (measure === 'latency_p95_ms' && most !== undefined) durations.push(`p(95)<=${most}`)
    if (measure === 'latency_p99_ms' && most !== undefined) durations.push(`p(99)<=${most}`)
    if (measure === 'availability' && least !== undefined) failures.push(`rate<=${(1 - least).toPrecision(6)}`)
  }
  return {
    dropped_iterations: ['count==0'],
    ...(durations.length > 0 && { http_req_duration: durations }),
    ...(failures.length > 0 && { http_req_failed: failures }),
  }
}
