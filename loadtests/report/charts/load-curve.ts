import { formatCount, formatNumber, formatSignificant } from '../../analysis/format.ts'
import { type Html, html } from '../html.ts'
import { coordinate, linearTicks } from './scale.ts'

/** A point with its interval, where it has one. */
export interface CurvePoint {
  readonly x: number
  readonly y: number
  readonly low?: number
  readonly high?: number
}

/** One line of the picture: what was measured, and what a model says of it. */
export interface CurveSeries {
  readonly name: string
  /** `m-none`, `k-server`: the colour, see page.css. */
  readonly className: string
  readonly measured: readonly CurvePoint[]
  /** Measured, but not shown to the model: they tell how good it is. */
  readonly heldOut?: readonly CurvePoint[]
  /** In order of x; with bounds it is drawn as a band. */
  readonly model?: readonly CurvePoint[]
}

export interface CurveMark {
  readonly x: number
  /** Short: `knee 12`. */
  readonly label: string
}

export interface LoadCurve {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly series: readonly CurveSeries[]
  /** What the band of a model covers; 95 % where nothing else is said. */
  readonly band?: string
  /** Vertical lines: knees, a recommendation, the edge of what was measured. */
  readonly marks?: readonly CurveMark[]
}

/** Throughput or latency against load, both axes linear and from zero on. */
export function loadCurve({ title, xLabel, yLabel, series, band = '95 %', marks = [] }: LoadCurve): Html {
  const points = series.flatMap(({ measured, heldOut = [], model = [] }) => [...measured, ...heldOut, ...model])
  if (points.length === 0) return html`<p class="absent">${title}: nothing was measured.</p>`
  const right = Math.max(...points.map(({ x }) => x), ...marks.map(({ x }) => x))
  const ticks = linearTicks(Math.max(...points.map(({ y, high = y }) => high)))
  const top = ticks.at(-1) ?? 1
  const place: Place = { x: (x) => coordinate((100 * x) / (right * 1.03)), y: (y) => coordinate(100 - (100 * y) / top) }
  const columns = linearTicks(right).filter((tick) => tick <= right * 1.03)
  return html`<figure class="load-curve"><figcaption>${title}</figcaption>
    <div class="plot">
      <svg role="img" aria-label="${title}: ${spoken(series)}">
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">
          ${ticks.map((tick) => html`<line class="grid" x1="0" x2="100" y1="${place.y(tick)}" y2="${place.y(tick)}"/>`)}
          ${columns.map((tick) => html`<line class="grid" y1="0" y2="100" x1="${place.x(tick)}" x2="${place.x(tick)}"/>`)}
          ${series.map((one) => modelLines(one, place))}
          ${marks.map(({ x }) => html`<line class="mark-line" y1="0" y2="100" x1="${place.x(x)}" x2="${place.x(x)}"/>`)}
        </svg>
        ${series.map((one) => dots(one, place))}
      </svg>
      ${ticks.map((tick) => html`<span class="y-label" style="top:${place.y(tick)}%">${formatCount(tick)}</span>`)}
      ${columns.map((tick) => html`<span class="x-label" style="left:${place.x(tick)}%">${formatCount(tick)}</span>`)}
      ${marks.map(({ x, label }) => html`<span class="mark-label" style="left:${place.x(x)}%">${label}</span>`)}
    </div>
    <p class="axes">${yLabel} over ${xLabel}${legend(series, band)}</p></figure>`
}

interface Place {
  readonly x: (x: number) => string
  readonly y: (y: number) => string
}

function modelLines({ name, className, measured, model = [] }: CurveSeries, place: Place): Html {
  const line = (points: readonly CurvePoint[], value: (point: CurvePoint) => number) =>
    points.map((point) => `${place.x(point.x)},${place.y(value(point))}`).join(' ')
  const hasBand = model.some(({ low }) => low !== undefined)
  const upper = line(model, ({ y, high = y }) => high)
  const lower = line([...model].reverse(), ({ y, low = y }) => low)
  // Without a model the eye follows the points themselves.
  const drawn = model.length > 0 ? model : [...measured].sort((a, b) => a.x - b.x)
  const dashed = model.length > 0 ? '' : 'joined'
  return html`${hasBand ? html`<polygon class="band ${className}" points="${upper} ${lower}"/>` : null}
    <polyline class="curve ${className} ${dashed}" points="${line(drawn, ({ y }) => y)}"><title>${name}</title></polyline>`
}

function dots({ className, measured, heldOut = [] }: CurveSeries, place: Place): Html {
  return html`${measured.map((point) => dot(point, place, `measured ${className}`))}
    ${heldOut.map((point) => dot(point, place, `held-out ${className}`))}`
}

function dot(point: CurvePoint, place: Place, className: string): Html {
  const { x, y, low = y, high = y } = point
  const at = `${place.x(x)}%`
  const told = `${formatSignificant(x)}: ${formatNumber(y)}${high > low ? ` (${formatNumber(low)}–${formatNumber(high)})` : ''}`
  return html`<line class="spread ${className}" x1="${at}" x2="${at}" y1="${place.y(low)}%" y2="${place.y(high)}%"/>
    <circle class="${className}" cx="${at}" cy="${place.y(y)}%" r="4"><title>${told}</title></circle>`
}

function legend(series: readonly CurveSeries[], band: string): Html {
  const names = series.length > 1 ? series.map(({ name, className }) => html` <i class="${className}"></i>${name}`) : []
  const parts = [
    series.some(({ model = [] }) => model.length > 0) ? 'line: model' : 'line: from point to point',
    ...(series.some(({ model = [] }) => model.some(({ low }) => low !== undefined))
      ? [`band: its ${band} interval`]
      : []),
    ...(series.some(({ measured }) => measured.length > 0) ? ['dots: measured'] : []),
    ...(series.some(({ heldOut = [] }) => heldOut.length > 0) ? ['rings: measured, and unknown to the model'] : []),
  ]
  return html` · ${parts.join(', ')}${names}`
}

function spoken(series: readonly CurveSeries[]): string {
  return series
    .map(({ name, measured }) => `${name} ${measured.map(({ x, y }) => `${x}: ${formatNumber(y)}`).join(', ')}`)
    .join('; ')
}
