import { formatShare } from '../../analysis/format.ts'

/** What was foretold of one thing, and what it was. */
export interface TextInterval {
  readonly name: string
  readonly foretold: number
  readonly low: number
  readonly high: number
  readonly measured: number
}

/** Cells on each side of what was foretold. */
const HALF = 20
/** Further away than this share everything else would be pressed flat. */
const MOST_SHOWN = 0.6

/**
 * A line for each prediction, as shares of what was foretold (│): its interval, and the measured value as ● inside of it, as
 * ○ outside; ◀ and ▶ where that lies beyond the picture.
 */
export function drawTextIntervals(intervals: readonly TextInterval[]): string {
  const shares = intervals.flatMap(({ foretold, low, high, measured }) =>
    [low, high, measured].map((value) => Math.abs(value / foretold - 1)),
  )
  const most = Math.min(MOST_SHOWN, Math.max(0.01, ...shares))
  const width = Math.max(0, ...intervals.map(({ name }) => name.length))
  const lines = intervals.map((one) => `${one.name.padEnd(width)}  ${drawOne(one, most)}`)
  const edge = formatShare(most)
  const axis = `−${edge}${' '.repeat(Math.max(1, 2 * HALF - 1 - 2 * edge.length))}+${edge}`
  return [...lines, `${' '.repeat(width)}  ${axis}`].join('\n')
}

function drawOne({ foretold, low, high, measured }: TextInterval, most: number): string {
  const place = (value: number) => Math.round((HALF * (value / foretold - 1)) / most)
  const [from, to, at] = [place(low), place(high), place(measured)]
  const isHeld = low <= measured && measured <= high
  const cells = Array.from({ length: 2 * HALF + 1 }, (_, index): string => {
    const cell = index - HALF
    if (cell === 0) return '│'
    return from <= cell && cell <= to ? '─' : '·'
  })
  const [mark, shown] = at < -HALF ? ['◀', -HALF] : at > HALF ? ['▶', HALF] : [isHeld ? '●' : '○', at]
  cells[shown + HALF] = mark
  return cells.join('')
}
