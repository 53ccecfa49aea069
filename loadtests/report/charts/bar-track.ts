import type { Interval } from '../../run-file.ts'
import { type Html, html } from '../html.ts'
import { coordinate, linearTicks } from './scale.ts'

export interface Segment {
  size: number
  className: string
  title: string
}

/** A bar to the median, a whisker over the interval, and a dot for each round. */
export function intervalTrack(interval: Interval, rounds: readonly number[], max: number, faint: boolean): Html {
  const at = (value: number) => `${coordinate((100 * value) / max)}%`
  const width = `${coordinate((100 * (interval.high - interval.low)) / max)}%`
  return html`<svg class="track ${faint ? 'faint' : ''}" role="img" aria-label="${interval.median.toFixed(0)} per second">
    ${gridlines(max)}
    <rect class="bar" x="0" y="3" height="14" width="${at(interval.median)}" rx="1.5"/>
    <rect class="whisker" x="${at(interval.low)}" y="9.25" height="1.5" width="${width}"/>
    ${[interval.low, interval.high].map((end) => html`<rect class="whisker" x="${at(end)}" y="5.5" height="9" width="1.5"/>`)}
    ${rounds.map((round) => html`<circle class="dot" cx="${at(round)}" cy="10" r="2.5"/>`)}
  </svg>`
}

/** Segments one after the other, as parts of a whole. */
export function stackedTrack(segments: readonly Segment[], max: number): Html {
  let start = 0
  const parts = segments.map(({ size, className, title }) => {
    const x = coordinate((100 * start) / max)
    start += size
    return html`<rect class="${className}" x="${x}%" y="3" height="14" width="${coordinate((100 * size) / max)}%"><title>${title}</title></rect>`
  })
  return html`<svg class="track" role="img" aria-label="${segments.map((segment) => segment.title).join(', ')}">${gridlines(max)}${parts}</svg>`
}

/** The axis that belongs under tracks of the same maximum. */
export function trackAxis(max: number, unit: string, format: (value: number) => string): Html {
  const labels = linearTicks(max)
    .filter((tick) => tick <= max)
    .map((tick, index, all) => {
      const anchor = index === 0 ? 'start' : tick > 0.95 * max ? 'end' : 'middle'
      const text = index === all.length - 1 ? `${format(tick)} ${unit}` : format(tick)
      return html`<text x="${coordinate((100 * tick) / max)}%" y="12" text-anchor="${anchor}">${text}</text>`
    })
  return html`<svg class="track axis" aria-hidden="true">${labels}</svg>`
}

/** The end of an axis that has room for `value`. */
export function axisEnd(value: number): number {
  return linearTicks(value).at(-1) ?? 1
}

function gridlines(max: number): Html[] {
  return linearTicks(max)
    .filter((tick) => tick <= max)
    .map((tick) => {
      const x = `${coordinate((100 * tick) / max)}%`
      return html`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="100%"/>`
    })
}
