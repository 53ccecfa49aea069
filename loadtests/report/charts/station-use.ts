import { formatNumber } from '../../analysis/format.ts'
import { type Html, html } from '../html.ts'
import { coordinate } from './scale.ts'

/** How busy a station is at one load. */
export interface StationUse {
  /** `server`, `pool connections`. */
  readonly name: string
  /** `k-server`: the colour, see page.css. */
  readonly className: string
  /** What is busy in the mean, and of how much, both in `unit`; null where nothing bounds it. */
  readonly busy: number
  readonly of: number | null
  /** `cores`, `connections`; `%` of what it could do. */
  readonly unit: string
}

export interface StationUseChart {
  readonly title: string
  readonly stations: readonly StationUse[]
}

/** A bar per station, up to all that it has; the fullest one is what gives out first. */
export function stationUse({ title, stations }: StationUseChart): Html {
  if (stations.length === 0) return html`<p class="absent">${title}: no station is known.</p>`
  return html`<figure class="station-use"><figcaption>${title}</figcaption>
    <div class="bars">${stations.map(row)}</div></figure>`
}

/** Share of what a station has, 0…1; null where nothing bounds it. */
export function shareOf({ busy, of }: StationUse): number | null {
  return of === null || of === 0 ? null : busy / of
}

function row(station: StationUse): Html {
  const share = shareOf(station)
  const width = share === null ? null : Math.min(1, share)
  return barRow({ name: station.name, className: station.className, told: describeUse(station), width })
}

/** @param bar its width is a share, 0…1; null draws none */
export function barRow(bar: {
  readonly name: string
  readonly className: string
  readonly told: string
  readonly width: number | null
}): Html {
  const { name, className, told, width } = bar
  return html`<div class="bar-row ${className}"><div>${name}</div>
    <svg class="track" role="img" aria-label="${name}: ${told}">
      ${[25, 50, 75, 100].map((x) => html`<line class="grid" x1="${x}%" x2="${x}%" y1="0" y2="100%"/>`)}
      ${width === null ? null : html`<rect class="bar" x="0" y="3" height="14" width="${coordinate(100 * width)}%" rx="1.5"/>`}
    </svg>
    <div class="figures"><p>${told}</p></div></div>`
}

/** `0.85 of 1 cores (85 %)`; `85 %` where only the share is known. */
export function describeUse(station: StationUse): string {
  const { busy, of, unit } = station
  const share = shareOf(station)
  if (unit === '%') return `${Math.round(busy)} %`
  if (of === null || share === null) return `${formatNumber(busy)} ${unit}`
  return `${formatNumber(busy)} of ${formatNumber(of).replace(/\.0+$/, '')} ${unit} (${Math.round(100 * share)} %)`
}
