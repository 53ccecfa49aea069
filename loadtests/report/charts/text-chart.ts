import { formatSignificant } from '../../analysis/format.ts'

export interface ChartPoint {
  readonly x: number
  readonly y: number
}

export interface TextChart {
  readonly measured: readonly ChartPoint[]
  /** Points of the model, in order of x; between them it is taken as straight. */
  readonly model: readonly ChartPoint[]
  readonly xLabel: string
  readonly yLabel: string
}

const WIDTH = 60
const HEIGHT = 12

/** Both from zero on; a measured point hides the model behind it. Plain characters, without colours. */
export function drawTextChart({ measured, model, xLabel, yLabel }: TextChart): string {
  const all = [...measured, ...model]
  const right = Math.max(...all.map(({ x }) => x))
  const top = Math.max(...all.map(({ y }) => y))
  const column = (x: number) => Math.round((x / right) * (WIDTH - 1))
  const row = (y: number) => HEIGHT - 1 - Math.round((y / top) * (HEIGHT - 1))
  const cells = Array.from({ length: HEIGHT }, () => Array.from({ length: WIDTH }, () => ' '))
  for (let place = 0; place < WIDTH; place++) {
    const y = valueAt(model, (place / (WIDTH - 1)) * right)
    if (y !== null) mark(cells, row(y), place, '·')
  }
  for (const { x, y } of measured) mark(cells, row(y), column(x), '●')
  const marks = [formatSignificant(top), formatSignificant(top / 2), '0']
  const margin = Math.max(...marks.map((text) => text.length))
  const scale = new Map([0, row(top / 2), HEIGHT - 1].map((place, index) => [place, marks[index]]))
  const lines = cells.map((line, place) => `${(scale.get(place) ?? '').padStart(margin)} │${line.join('').trimEnd()}`)
  const axis = `${' '.repeat(margin)} └${'─'.repeat(WIDTH)}`
  const ends = `${' '.repeat(margin)}  0${formatSignificant(right).padStart(WIDTH - 1)}`
  return [`${yLabel} over ${xLabel}${legendOf(measured, model)}`, ...lines, axis, ends].join('\n')
}

function legendOf(measured: readonly ChartPoint[], model: readonly ChartPoint[]): string {
  const parts = [...(measured.length > 0 ? ['● measured'] : []), ...(model.length > 0 ? ['· model'] : [])]
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
