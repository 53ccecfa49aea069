import { UsageError } from '../../errors.ts'
import type { CurvePoint } from '../../model/knee.ts'
import { type Line, readTable } from './read-table.ts'

/**
 * The first column and one other: the one of that name, else the last.
 * @throws UsageError that names the line
 */
export async function readPairs(file: string, column?: string): Promise<{ pairs: CurvePoint[]; name: string }> {
  const { head, lines } = await readTable(file)
  const columns = head?.length ?? lines[0]?.cells.length ?? 0
  if (columns < 2) throw new UsageError(`${file} has ${columns} columns: a load and a value are needed`)
  const place = column === undefined ? columns - 1 : (head?.indexOf(column) ?? -1)
  if (place === -1) throw new UsageError(`${file} has no column "${column}"${head ? `, but ${head.join(', ')}` : ''}`)
  if (place === 0) throw new UsageError(`--column ${column} is the load itself: name the value`)
  const pairs = lines.map((line) => ({ x: toValue(file, line, 0), y: toValue(file, line, place) }))
  return { pairs, name: head?.[place] ?? 'value' }
}

function toValue(file: string, { number, cells }: Line, place: number): number {
  const cell = cells[place] ?? ''
  const value = cell === '' ? Number.NaN : Number(cell)
  if (!Number.isFinite(value)) throw new UsageError(`${file}, line ${number}: "${cell}" is no number`)
  if (value < 0) throw new UsageError(`${file}, line ${number}: ${cell} is negative`)
  return value
}
