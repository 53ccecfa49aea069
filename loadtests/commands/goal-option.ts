import { InvalidArgumentError } from 'commander'
import type { LatencyGoal } from '../capacity/capacity-file.ts'
import { parseLatency } from './options.ts'

/** A goal such as `p99=300ms` or `p99.9=1s`; may be given several times. */
export function parseGoal(value: string, before: LatencyGoal[] | undefined): LatencyGoal[] {
  const [, percentile = '', time = ''] = /^p(\d+(?:\.\d+)?)=(.+)$/.exec(value.trim()) ?? []
  const number = Number(percentile)
  if (!(number >= 50 && number < 100))
    throw new InvalidArgumentError(
      'expected a percentile from p50 to below p100 and a time, such as p99=300ms or p95=1s.',
    )
  const most = parseLatency(time)
  const goal = { name: `p${number}=${time}`, percentile: number, most_ms: most }
  return [...(before ?? []).filter(({ name }) => name !== goal.name), goal]
}
