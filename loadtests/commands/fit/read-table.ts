import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { UsageError } from '../../errors.ts'

export interface Line {
  /** In the file, from 1. */
  readonly number: number
  readonly cells: readonly string[]
}

export interface CsvTable {
  /** Names of the columns; null where the first line already holds numbers. */
  readonly head: readonly string[] | null
  readonly lines: readonly Line[]
}

const parsedSchema = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) })

/**
 * A CSV file with commas, semicolons or tabs. A first line that is no number is the head.
 * @throws UsageError for a file that cannot be read or is no CSV, and for a line with more cells than the first one
 */
export async function readTable(file: string): Promise<CsvTable> {
  const text = await readText(file)
  const all = linesOf(file, text)
  refuseSurplus(file, all)
  const [first, ...others] = all
  const isHead = first?.cells.some((cell) => cell !== '' && Number.isNaN(Number(cell))) ?? false
  if (first === undefined || !isHead) return { head: null, lines: first === undefined ? [] : [first, ...others] }
  return { head: first.cells, lines: others }
}

/** As a comma for the point makes of a number: half of it would be taken for the whole. */
function refuseSurplus(file: string, [first, ...others]: readonly Line[]): void {
  const width = first?.cells.length ?? 0
  const odd = others.find(({ cells }) => cells.slice(width).some((cell) => cell !== ''))
  if (odd === undefined) return
  throw new UsageError(
    `${file}, line ${odd.number}: ${odd.cells.length} cells, but the first line has ${width}: write 995.9, not 995,9`,
  )
}

/** @throws UsageError for a file that cannot be read */
export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${cause.code})`, { cause })
  })
}

function linesOf(file: string, text: string): Line[] {
  const options = {
    bom: true,
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
