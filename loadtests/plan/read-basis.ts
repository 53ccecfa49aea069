import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { pointsRunSchema } from '../points/points-file.ts'
import type { LimiterMode } from '../run-file.ts'
import { basisOfRun } from './basis-of-run.ts'
import { type BasisFile, basisSchema } from './plan-file.ts'

/**
 * What another plan measured, or a sweep of connections.
 * @throws UsageError for a directory without either, or with the measurement of another mode
 */
export async function readBasis(directory: string, mode: LimiterMode): Promise<BasisFile> {
  const basis = await readAny(directory)
  const { demands } = basis
  // A measurement holds for its own mode; its latencies may be changed, its mode may not.
  if (demands.mode === mode || (demands.mode === 'none' && mode === 'in-process')) return basis
  throw new UsageError(
    `--from ${directory} measured the mode ${demands.mode}: for ${mode} leave --from out, or name a run of that mode.`,
  )
}

async function readAny(directory: string): Promise<BasisFile> {
  for (const [name, read] of READERS) {
    const file = join(directory, name)
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw error
    })
    if (text !== undefined) return read(parseJson(file, text), file)
  }
  throw new UsageError(`--from ${directory} holds neither a plan (basis.json) nor a run (run.json).`)
}

const READERS: readonly (readonly [name: string, read: (value: unknown, file: string) => BasisFile])[] = [
  ['basis.json', (value, file) => checked(basisSchema.safeParse(value), file)],
  ['run.json', (value, file) => basisOfRun(checked(pointsRunSchema.safeParse(value), file))],
]

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw foreign(file, cause)
  }
}

function checked<Value>(
  parsed: { success: true; data: Value } | { success: false; error: unknown },
  file: string,
): Value {
  if (parsed.success) return parsed.data
  throw foreign(file, parsed.error)
}

function foreign(file: string, cause: unknown): UsageError {
  return new UsageError(`${file} is nothing that this version can plan from (a plan, or a sweep of connections).`, {
    cause,
  })
}
