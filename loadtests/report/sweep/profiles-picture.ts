import { formatNumber } from '../../analysis/format.ts'
import type { ProfileResult, ProfilesSummary } from '../../sweep/profiles-file.ts'
import { coordinate } from '../charts/scale.ts'
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
  const told = carried === null ? 'none shown' : formatNumber(Math.round(carried.users))
  return html`<div class="bar-row k-worker"><div>${name}</div>
    <svg class="track" role="img" aria-label="${name}: ${told} users">
      ${[25, 50, 75, 100].map((x) => html`<line class="grid" x1="${x}%" x2="${x}%" y1="0" y2="100%"/>`)}
      <rect class="bar" x="0" y="3" height="14" width="${coordinate((100 * usersOf(result)) / most)}%" rx="1.5"/>
    </svg>
    <div class="figures"><p>${told}</p></div></div>`
}

function usersOf({ carried }: ProfileResult): number {
  return carried?.users ?? 0
}
