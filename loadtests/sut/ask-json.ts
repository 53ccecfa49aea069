import type { z } from 'zod'
import { UnreachableError } from '../errors.ts'
import { describeFailure } from './store.ts'

const DEADLINE_MS = 30_000

/** Asks a process for JSON of this shape. @throws UnreachableError that names the URL and what came instead */
export async function askJson<Schema extends z.ZodType>(
  url: string,
  schema: Schema,
  init: RequestInit = {},
): Promise<z.output<Schema>> {
  const text = await askText(url, init)
  const parsed = schema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new UnreachableError(
    `${url} answered "${text.slice(0, 80)}", which is not what stands there: is this the address of the right process?`,
  )
}

/** Asks a process and takes any text that comes with a 2xx. @throws UnreachableError */
export async function askText(url: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(DEADLINE_MS) }).catch((cause: unknown) => {
    throw new UnreachableError(`${url} does not answer: ${describeFailure(reasonOf(cause))}`, { cause })
  })
  if (!response.ok)
    throw new UnreachableError(`${url} answered ${response.status}: is this the address of the right process?`)
  return response.text()
}

/** `fetch` hides why it failed behind "fetch failed". */
export function reasonOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
