import { z } from 'zod'

/** Thrown once with every fault of the environment, so that one start is enough to mend them all. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

const SECRET = /SECRET|PASSWORD|TOKEN/

/**
 * Parses a process's environment by its schema and freezes the result. Empty variables count as unset.
 * @throws ConfigurationError naming each faulty variable, the value it got and what was expected
 */
export function parseEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: Record<string, string | undefined>,
): Readonly<z.output<Schema>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(given)
  if (parsed.success) return Object.freeze(parsed.data)
  const faults = parsed.error.issues.map((issue) => describeFault(issue, given))
  throw new ConfigurationError(`The environment has ${faults.length} fault(s):\n${faults.join('\n')}`)
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
