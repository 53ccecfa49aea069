import { UsageError } from '../../errors.ts'
import { readTable } from './read-table.ts'

/**
 * One column of a CSV file: the one of that name, else the last one. A first line that is no number is the head.
 * @throws UsageError that names the line
 */
export async function readSeries(file: string, column?: string): Promise<number[]> {
  const { head, lines } = await readTable(file)
  const [first] = lines
  if (head === null && first === undefined)
    throw new UsageError(`${file} is empty: a series is needed, one value per line`)
  const last = (head ?? first?.cells ?? []).length - 1
  const place = placeOf(file, head, column) ?? last
  return lines.map(({ number, cells }) => toValue(file, number, cells[place]))
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
