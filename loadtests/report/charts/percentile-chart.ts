import { formatCount } from '../../analysis/format.ts'
import type { CurvePoint } from '../../analysis/histograms.ts'
import { type Html, html } from '../html.ts'
import { coordinate, logShare, logTicks } from './scale.ts'

export interface Curve {
  name: string
  className: string
  points: readonly CurvePoint[]
}

const SHARES = [
  { label: 'p50', nines: Math.log10(2) },
  { label: 'p90', nines: 1 },
  { label: 'p99', nines: 2 },
  { label: 'p99.9', nines: 3 },
  { label: 'p99.99', nines: 4 },
  { label: 'p99.999', nines: 5 },
]

/**
 * Latency against percentile, as HdrHistogram plots it: each step to the right is one more nine, and the vertical
 * axis is logarithmic. Labels are markup over a stretched drawing, so that they keep their size on a phone.
 */
export function percentileChart(curves: readonly Curve[]): Html {
  const points = curves.flatMap((curve) => curve.points).filter((point) => point.milliseconds > 0)
  if (points.length === 0) return html`<p class="absent">No latencies were recorded.</p>`
  const values = points.map((point) => point.milliseconds)
  const ticks = logTicks(Math.min(...values), Math.max(...values))
  const bottom = ticks[0] ?? 1
  const top = ticks.at(-1) ?? bottom * 10
  const end = Math.max(...points.map((point) => point.nines), 1)
  const x = (nines: number) => (100 * nines) / end
  const y = (milliseconds: number) => 100 * (1 - logShare(Math.max(milliseconds, bottom), bottom, top))
  const shares = SHARES.filter((share) => share.nines <= end)
  return html`<div class="plot">
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      ${ticks.map((tick) => html`<line class="grid" x1="0" x2="100" y1="${coordinate(y(tick))}" y2="${coordinate(y(tick))}"/>`)}
      ${shares.map(({ nines }) => html`<line class="grid" y1="0" y2="100" x1="${coordinate(x(nines))}" x2="${coordinate(x(nines))}"/>`)}
      ${curves.map((curve) => html`<polyline class="curve ${curve.className}" points="${path(curve, x, y)}"><title>${curve.name}</title></polyline>`)}
    </svg>
    ${ticks.map((tick) => html`<span class="y-label" style="top:${coordinate(y(tick))}%">${tickText(tick)}</span>`)}
    ${shares.map(({ label, nines }) => html`<span class="x-label" style="left:${coordinate(x(nines))}%">${label}</span>`)}
  </div>`
}

function path(curve: Curve, x: (nines: number) => number, y: (milliseconds: number) => number): string {
  return curve.points
    .map(({ nines, milliseconds }) => `${coordinate(x(nines))},${coordinate(y(milliseconds))}`)
    .join(' ')
}

function tickText(milliseconds: number): string {
  return milliseconds >= 1000 ? `${formatCount(milliseconds / 1000)} s` : `${Number(milliseconds.toPrecision(2))} ms`
}
