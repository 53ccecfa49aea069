import { formatNumber } from '../../analysis/format.ts'
import type { ProfileResult, ProfilesSummary } from '../../sweep/profiles-file.ts'
import { barRow } from '../charts/station-use.ts'
import { type Html, html } from '../html.ts'

/** A bar of users for each box, those with stores equally far away together; all on one scale. */
export function usersPicture({ profiles }: ProfilesSummary): Html {
  const most = Math.max(1, ...profiles.map(usersOf))
  const latencies = [...new Set(profiles.map(({ store_latency_ms: latency }) => latency))]
  const figures = latencies.map((latency) => {
    const group = profiles.filter(({ store_latency_ms: own }) => own === latency)
    return html`<figure class="station-use"><figcaption>Users, stores ${latency} ms away</figcaption>
      <div class="bars">${group.map((result) => row(result, most))}</div></figure>`
  })
  return html`${figures}`
}

function row(result: ProfileResult, most: number): Html {
  const { name, carried } = result
  const told = carried === null ? 'none shown' : `${formatNumber(Math.round(carried.users))} users`
  return barRow({ name, className: 'k-worker', told, width: usersOf(result) / most })
}

function usersOf({ carried }: ProfileResult): number {
  return carried?.users ?? 0
}
