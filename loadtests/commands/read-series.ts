import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { UsageError } from '../errors.ts'

const parsedSchema = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) })

/**
 * One column of a CSV file: the one of that name, else the last one. A first line that is no number is the head.
 * @throws UsageError that names the line
 */
export async function readSeries(file: string, column?: string): Promise<number[]> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${cause.code})`, { cause })
  })
  const [first, ...others] = linesOf(file, text)
  if (first === undefined) throw new UsageError(`${file} is empty: a series is needed, one value per line`)
  const isHead = first.cells.some((cell) => cell !== '' && Number.isNaN(Number(cell)))
  const place = placeOf(file, isHead ? first.cells : null, column) ?? first.cells.length - 1
  return (isHead ? others : [first, ...others]).map(({ number, cells }) => toValue(file, number, cells[place]))
}

interface Line {
  readonly number: number
  readonly cells: readonly string[]
}

function linesOf(file: string, text: string): Line[] {
  const options = {
    delimiter: [',', ';', '\t'],
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  }
  try {
    const parsed = z.array(parsedSchema).parse(parse(text, options))
    return parsed.map(({ record, info }) => ({ number: info.lines, cells: record }))
  } catch (cause) {
    throw new UsageError(`${file} is no CSV: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
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
