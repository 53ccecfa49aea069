import { formatSignificant } from '../../analysis/format.ts'

export interface ChartPoint {
  readonly x: number
  readonly y: number
}

export interface TextChart {
  readonly measured: readonly ChartPoint[]
  /** Measured, but not shown to the model. */
  readonly heldOut?: readonly ChartPoint[]
  /** Points of the model, in order of x; between them it is taken as straight. */
  readonly model: readonly (ChartPoint & { readonly low?: number; readonly high?: number })[]
  /** Places on the axis of x: a knee, a recommendation. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[]
  readonly xLabel: string
  readonly yLabel: string
}

const WIDTH = 60
const HEIGHT = 12

/** Both from zero on; a measured point hides the model behind it. Plain characters, without colours. */
export function drawTextChart(chart: TextChart): string {
  const { measured, heldOut = [], model, marks = [], xLabel, yLabel } = chart
  const all = [...measured, ...heldOut, ...model]
  const right = Math.max(...all.map(({ x }) => x))
  const top = Math.max(...all.map(({ y }) => y), ...model.map(({ high = 0 }) => high))
  const column = (x: number) => Math.round((x / right) * (WIDTH - 1))
  const row = (y: number) => HEIGHT - 1 - Math.round((y / top) * (HEIGHT - 1))
  const cells = Array.from({ length: HEIGHT }, () => Array.from({ length: WIDTH }, () => ' '))
  for (const { x } of marks) for (let line = 0; line < HEIGHT; line++) mark(cells, line, column(x), '┊')
  for (let place = 0; place < WIDTH; place++) drawModel(cells, model, { place, x: (place / (WIDTH - 1)) * right, row })
  for (const { x, y } of heldOut) mark(cells, row(y), column(x), '○')
  for (const { x, y } of measured) mark(cells, row(y), column(x), '●')
  const steps = [formatSignificant(top), formatSignificant(top / 2), '0']
  const margin = Math.max(...steps.map((text) => text.length))
  const scale = new Map([0, row(top / 2), HEIGHT - 1].map((place, index) => [place, steps[index]]))
  const lines = cells.map((line, place) => `${(scale.get(place) ?? '').padStart(margin)} │${line.join('').trimEnd()}`)
  const axis = `${' '.repeat(margin)} └${'─'.repeat(WIDTH)}`
  const ends = `${' '.repeat(margin)}  0${formatSignificant(right).padStart(WIDTH - 1)}`
  return [`${yLabel} over ${xLabel}${legendOf(chart)}`, ...lines, axis, ends].join('\n')
}

interface Column {
  readonly place: number
  readonly x: number
  readonly row: (y: number) => number
}

function drawModel(cells: string[][], model: TextChart['model'], { place, x, row }: Column): void {
  const bound = (side: 'low' | 'high') =>
    valueAt(
      model.map((point) => ({ x: point.x, y: point[side] ?? point.y })),
      x,
    )
  const [y, low, high] = [valueAt(model, x), bound('low'), bound('high')]
  if (y === null || low === null || high === null) return
  for (let line = row(high); line <= row(low); line++) mark(cells, line, place, '░')
  mark(cells, row(y), place, '·')
}

function legendOf({ measured, heldOut = [], model, marks = [] }: TextChart): string {
  const hasBand = model.some(({ low, high }) => low !== undefined || high !== undefined)
  const parts = [
    ...(measured.length > 0 ? ['● measured'] : []),
    ...(heldOut.length > 0 ? ['○ unknown to the model'] : []),
    ...(model.length > 0 ? ['· model'] : []),
    ...(hasBand ? ['░ its interval'] : []),
    ...marks.map(({ label }) => `┊ ${label}`),
  ]
  return `   ${parts.join('  ')}`
}

function mark(cells: string[][], row: number, column: number, sign: string): void {
  const line = cells[row]
  if (line !== undefined && column >= 0 && column < line.length) line[column] = sign
}

function valueAt(points: readonly ChartPoint[], x: number): number | null {
  const above = points.find((point) => point.x >= x)
  const below = points.findLast((point) => point.x <= x)
  if (above === undefined || below === undefined) return null
  return above.x === below.x ? above.y : below.y + ((x - below.x) / (above.x - below.x)) * (above.y - below.y)
}
