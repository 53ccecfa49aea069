import { formatCount, formatNumber } from '../../analysis/format.ts'
import type { PointsRun } from '../../points/points-file.ts'
import { POLLS } from '../../sweep/profile-points.ts'
import type { ProfileResult, ProfilesSummary } from '../../sweep/profiles-file.ts'
import type { SweepTable } from './sweep-rows.ts'

/** A row per box and distance of the stores. */
export function profilesTable({ profiles }: ProfilesSummary): SweepTable {
  return {
    columns: [
      'profile',
      'stores\naway',
      'users',
      'claimed',
      '× before',
      'requests/s\nheld',
      'mean / p95\nms',
      'accepts\n/s',
      'drains\n/s',
      'missed at\nrequests/s',
    ],
    rows: profiles.map(rowOf),
  }
}

function rowOf(result: ProfileResult): string[] {
  const { carried, claimed, missed } = result
  return [
    result.name,
    `${formatCount(result.store_latency_ms)} ms`,
    carried === null ? 'none shown' : formatNumber(Math.round(carried.users)),
    claimed === null ? '' : `${claimed.from}–${claimed.to}`,
    formatNumber(result.ratio_to_before),
    formatNumber(carried?.requests_per_second ?? null),
    carried === null ? '–' : `${formatNumber(carried.mean_ms)} / ${formatNumber(carried.p95_ms)}`,
    formatNumber(result.accepted_per_second),
    formatNumber(result.drained_per_second),
    formatNumber(missed === null ? null : (1 + POLLS) * missed.people_per_second),
  ]
}

/** What gives out first in each. */
export function boundLines({ profiles }: ProfilesSummary): string[] {
  return profiles.map(({ name, store_latency_ms: latency, bound }) => `${name}, stores ${latency} ms away: ${bound}`)
}

export function profilesExplained({ think_time_s: think, p95_ms: p95, step }: ProfilesSummary): string {
  return (
    `A user redeems or looks at a status every ${think} s and expects p95 < ${p95} ms: users = requests/s × (${think} s + mean response), ` +
    'at the highest open-loop rate of which every trial (two or more) held: p95 met, at most 0.1 % refused, what waits behind the answers growing by ' +
    'less than 3 % of what comes, every invariant intact, no gate failed. Half of the requests redeem, half look at a status. ' +
    `The rates are ${step} × each other, so that smaller differences are not told apart. accepts/s: redemptions, as fast as answers come while nothing drains, each with a look at the status; drains/s: that backlog alone.`
  )
}

export function profilesLine({ points, trials, seed }: PointsRun, { mode }: ProfilesSummary): string {
  return `mode ${mode} · profiles of the guide · ${points.length} points, ${trials.length} trials · one job at a time in each worker · seed ${seed}`
}
