import { median } from '../../analysis/bootstrap.ts'
import { UsageError } from '../../errors.ts'
import type { Point } from '../../model/usl.ts'
import { type Line, readTable } from './read-table.ts'

export interface PointOptions {
  /** Seconds between an answer and the next request. */
  readonly thinkTime: number
  /** Response times stand in milliseconds. */
  readonly ms: boolean
}

interface Row {
  readonly n: number
  readonly x: number | null
  readonly r: number | null
}

const NEEDED = 'the first line must name the columns: n,x (load, throughput per second) or n,r (load, response time)'
/** Instruments that agree are nearer to each other than this; units differ by far more. */
const NEAR = 0.25
/** A response time above this many seconds is rather one in milliseconds. */
const LONG_SECONDS = 60

/**
 * Loads and throughputs out of columns n with x or r or both, by Little's law x = n/(r + think time) where there is
 * only r. Other columns are not looked at.
 * @throws UsageError that names the row, or the unit that was mixed up
 */
export async function readPoints(
  file: string,
  options: PointOptions,
): Promise<{ points: Point[]; warnings: string[] }> {
  const { head, lines } = await readTable(file)
  if (head === null) throw new UsageError(`${file}: ${NEEDED}`)
  const names = head.map((name) => name.toLowerCase())
  const [n, x, r] = [names.indexOf('n'), names.indexOf('x'), names.indexOf('r')]
  if (n === -1 || (x === -1 && r === -1)) throw new UsageError(`${file} has the columns ${head.join(', ')}: ${NEEDED}`)
  if (options.ms && r === -1) throw new UsageError(`--ms is about response times, but ${file} has no column r`)
  const rows = lines.map((line) => ({
    n: toLoad(file, line, n),
    x: x === -1 ? null : toValue(file, line, 'x', x),
    r: r === -1 ? null : toValue(file, line, 'r', r) / (options.ms ? 1_000 : 1),
  }))
  const warnings = x === -1 ? warnOfLongTimes(rows) : checkUnits(file, rows, options)
  return { points: rows.map((row) => toPoint(row, options)), warnings }
}

function toPoint({ n, x, r }: Row, { thinkTime }: PointOptions): Point {
  return { n, x: x ?? n / ((r ?? 0) + thinkTime) }
}

/** Whoever is alone is 1: shares of it would count themselves as help. */
function toLoad(file: string, line: Line, place: number): number {
  const n = toValue(file, line, 'n', place)
  if (n < 1)
    throw new UsageError(
      `${file}, line ${line.number}: n counts people, connections or processes, so from 1 on, not ${n}`,
    )
  return n
}

function toValue(file: string, { number, cells }: Line, name: string, place: number): number {
  const cell = cells[place] ?? ''
  if (cell === '') throw new UsageError(`${file}, line ${number}: ${name} is missing`)
  const value = Number(cell)
  if (!Number.isFinite(value)) throw new UsageError(`${file}, line ${number}: ${name} is "${cell}", which is no number`)
  if (value <= 0) throw new UsageError(`${file}, line ${number}: ${name} must be greater than 0, not ${cell}`)
  return value
}

/** Little's law holds whatever is measured, so n, x and r together tell their units. */
function checkUnits(file: string, rows: readonly Row[], { thinkTime, ms }: PointOptions): string[] {
  const known = rows.flatMap(({ n, x, r }) => (x === null || r === null ? [] : [{ n, x, r }]))
  if (known.length === 0) return []
  const agreement = (unit: number, perSecond = 1) =>
    median(known.map(({ n, x, r }) => (x * perSecond * (r * unit + thinkTime)) / n))
  const isRight = (ratio: number) => Math.abs(ratio - 1) <= NEAR
  if (isRight(agreement(1))) return []
  if (!ms && isRight(agreement(1 / 1_000)))
    throw new UsageError(`${file}: x × r is 1000 × n, so r is in milliseconds: give seconds, or say --ms`)
  if (ms && isRight(agreement(1_000)))
    throw new UsageError(`${file}: x × r is n only with r in seconds: leave --ms out`)
  if (isRight(agreement(1, 1 / 60)))
    throw new UsageError(`${file}: x × r is 60 × n, so x is per minute: give it per second`)
  const off = median(known.map(({ n, x, r }) => (n - x * (r + thinkTime)) / x))
  return [
    `x × (r + think time) is not n but ${Number(agreement(1).toPrecision(2))} × n: L = XW is broken, ${hint(off)}`,
  ]
}

function hint(missingSeconds: number): string {
  const seconds = Number(missingSeconds.toPrecision(2))
  return seconds > 0
    ? `unless each thinks ${seconds} s longer (--think-time)`
    : 'so n is not the number of requests under way, or r contains waiting that n does not'
}

function warnOfLongTimes(rows: readonly Row[]): string[] {
  const middle = rows.length === 0 ? 0 : median(rows.map(({ r }) => r ?? 0))
  return middle > LONG_SECONDS ? [`r is read as seconds, half of them above ${middle}: say --ms if it is not`] : []
}
