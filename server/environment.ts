import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** Thrown once with every fault of the environment, so that one start is enough to mend them all. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

const SECRET = /SECRET|PASSWORD|TOKEN/

/**
 * Parses a process's environment by its schema and freezes the result. Empty variables count as unset. `NAME_FILE` names
 * a file with the value of NAME, as containers get their secrets.
 * @throws ConfigurationError naming each faulty variable, the value it got and what was expected
 */
export function parseEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: Record<string, string | undefined>,
): Readonly<z.output<Schema>> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  const { values, faults: unread } = readFiles(names, set)
  const given = { ...set, ...values }
  const parsed = schema.safeParse(given)
  if (parsed.success && unread.length === 0) return Object.freeze(parsed.data)
  const invalid = parsed.success ? [] : parsed.error.issues.map((issue) => describeFault(issue, given))
  const faults = [...unread, ...invalid]
  throw new ConfigurationError(`The environment has ${faults.length} fault(s):\n${faults.join('\n')}`)
}

/** One line break at the end of a file does not belong to the value: editors leave it there. */
function readFiles(names: readonly string[], set: Record<string, string | undefined>) {
  const values: Record<string, string> = {}
  const faults: string[] = []
  for (const name of names) {
    const file = set[`${name}_FILE`]
    if (file === undefined) continue
    try {
      if (set[name] !== undefined) throw new Error(`name either this file or ${name} itself, not both`)
      values[name] = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    } catch (error) {
      faults.push(`  ${name}_FILE: ${(error as Error).message} (got ${JSON.stringify(file)})`)
    }
  }
  return { values, faults }
}

function describeFault(issue: z.core.$ZodIssue, given: Record<string, string | undefined>): string {
  const name = String(issue.path[0] ?? '?')
  const value = given[name]
  const shown = value === undefined ? 'not set' : `got ${JSON.stringify(maskSecrets(name, value))}`
  return `  ${name}: ${issue.message} (${shown})`
}

function maskSecrets(name: string, value: string): string {
  if (SECRET.test(name)) return `${value.length} characters`
  return value.replace(/^([\w+]+:\/\/)?([^:/@]*):.*@/, '$1$2:***@')
}

/** `true` or `false`, read from a string. */
export const yesOrNo = z
  .enum(['true', 'false'], { error: 'expected true or false' })
  .transform((value) => value === 'true')

/** A whole number in a range, read from a string. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  return z.coerce
    .number({ error: `expected a whole number of at least ${least}` })
    .int('expected a whole number')
    .min(least, `expected at least ${least}`)
    .max(most, `expected at most ${most}`)
}
