import { readFile } from 'node:fs/promises'
import { UsageError } from '../errors.ts'

/**
 * One column of a CSV file: the one of that name, else the last one. A first line that is no number is the head.
 * @throws UsageError that names the line
 */
export async function readSeries(file: string, column?: string): Promise<number[]> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${cause.code})`, { cause })
  })
  const lines = text.split(/\r?\n/).map((line, index) => ({ number: index + 1, cells: cellsOf(line) }))
  const [first, ...others] = lines.filter(({ cells }) => cells.some((cell) => cell !== ''))
  if (first === undefined) throw new UsageError(`${file} is empty: a series is needed, one value per line`)
  const isHead = first.cells.some((cell) => cell !== '' && Number.isNaN(Number(cell)))
  const place = placeOf(file, isHead ? first.cells : null, column) ?? first.cells.length - 1
  return (isHead ? others : [first, ...others]).map(({ number, cells }) => toValue(file, number, cells[place]))
}

function cellsOf(line: string): string[] {
  return line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
}

function placeOf(file: string, head: readonly string[] | null, column: string | undefined): number | null {
  if (column === undefined) return null
  if (head === null) throw new UsageError(`${file} has no head, so that no column is called "${column}"`)
  const place = head.indexOf(column)
  if (place === -1) throw new UsageError(`${file} has no column "${column}", but ${head.join(', ')}`)
  return place
}

function toValue(file: string, line: number, cell: string | undefined): number {
  const value = cell === undefined || cell === '' ? Number.NaN : Number(cell)
  if (!Number.isFinite(value)) throw new UsageError(`${file}, line ${line}: "${cell ?? ''}" is no number`)
  return value
}
