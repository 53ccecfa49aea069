import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse } from 'csv-parse/sync'
import { CELLS, cellOf } from '../drivers/recipes/custom.ts'
import type { Custom } from '../drivers/recipes/requests.ts'
import { UsageError } from '../errors.ts'
import { headerValueSchema, type ScenarioFile, scenarioFileSchema } from '../scenario-file.ts'

export interface LoadedScenario {
  readonly file: ScenarioFile
  readonly requests: Omit<Custom, 'email_prefix'>
}

/** @throws UsageError that names the file, and what in it is wrong */
export async function loadScenarioFile(path: string, seed: number): Promise<LoadedScenario> {
  const known = await stat(path).catch(() => null)
  if (!known?.isFile()) throw new UsageError(`no scenario file "${path}"`)
  const module = (await import(pathToFileURL(resolve(path)).href).catch((cause: Error) => {
    throw new UsageError(`${path} cannot be loaded: ${cause.message}`, { cause })
  })) as { default?: unknown }
  const parsed = scenarioFileSchema.safeParse(module.default)
  if (!parsed.success) {
    const faults = parsed.error.issues
      .slice(0, 5)
      .map(({ path: at, message }) => `  ${at.join('.') || 'default export'}: ${message}`)
    throw new UsageError(`${path} is not a scenario:\n${faults.join('\n')}`)
  }
  const file = parsed.data
  const data = await readData(path, file)
  refuseUnknownCells(path, file, data)
  refuseUnsendableCells(path, file, data)
  return { file, requests: { kind: 'custom', seed, requests: file.requests.map(toTemplate), data } }
}

function toTemplate({ checks, body, ...request }: ScenarioFile['requests'][number]): Custom['requests'][number] {
  return {
    ...request,
    body: body === undefined ? null : JSON.stringify(body),
    status: checks.status,
    body_contains: checks.body_contains ?? null,
  }
}

async function readData(path: string, { data }: ScenarioFile): Promise<Custom['data']> {
  const tables = await Promise.all(
    Object.entries(data).map(async ([name, file]) => [name, await readRows(resolve(dirname(path), file))] as const),
  )
  return Object.fromEntries(tables)
}

async function readRows(file: string): Promise<Record<string, string>[]> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${cause.code})`, { cause })
  })
  try {
    const rows: Record<string, string>[] = parse(text, { columns: true, skip_empty_lines: true, trim: true, bom: true })
    if (rows.length > 0) return rows
  } catch (cause) {
    throw new UsageError(`${file} is not CSV: ${(cause as Error).message}`, { cause })
  }
  throw new UsageError(`${file} has no rows below its first line, which names the columns`)
}

function refuseUnknownCells(path: string, { requests }: ScenarioFile, data: Custom['data']): void {
  for (const { name, path: url, headers, body } of requests) {
    const text = [url, ...Object.values(headers), JSON.stringify(body ?? '')].join(' ')
    for (const [, key = ''] of text.matchAll(CELLS)) {
      if (cellOf(key, data, 1) !== undefined) continue
      const cells = Object.entries(data).flatMap(([one, rows]) =>
        Object.keys(rows[0] ?? {}).map((cell) => `${one}.${cell}`),
      )
      throw new UsageError(
        `${path}: request ${name} asks for {{${key}}}; there are person${cells.map((cell) => `, ${cell}`).join('')}`,
      )
    }
  }
}

/** In a path each cell is escaped, in a body it is quoted; a header takes it as it is. */
function refuseUnsendableCells(path: string, { requests }: ScenarioFile, data: Custom['data']): void {
  for (const { name, headers } of requests) {
    const keys = Object.values(headers).flatMap((text) => [...text.matchAll(CELLS)].map(([, key = '']) => key))
    for (const [table, rows] of Object.entries(data)) {
      for (const [index, row] of rows.entries()) {
        const isBad = (key: string) => key.startsWith(`${table}.`) && !canBeSent(row[key.slice(table.length + 1)])
        const bad = keys.find(isBad)
        if (bad !== undefined)
          throw new UsageError(
            `${path}: request ${name} sends {{${bad}}} in a header, and that of row ${index + 1} has a line break.`,
          )
      }
    }
  }
}

const canBeSent = (cell = '') => headerValueSchema.safeParse(cell).success
