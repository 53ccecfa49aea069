import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { z } from 'zod'
import { UsageError } from '../errors.ts'
import { type Targets, targetsSchema } from './targets-schema.ts'

export const GUIDE_TARGETS = fileURLToPath(new URL('./guide.json', import.meta.url))

/** Beside a run that was made with targets of its own. */
export const OWN_TARGETS = 'targets.json'

/** Throws a UsageError that names the file, every faulty line and what was expected there. */
export async function loadTargets(file = GUIDE_TARGETS): Promise<Targets> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${file}: the targets file cannot be read (${cause.code})`, { cause })
  })
  return parseTargets(text, file)
}

export function parseTargets(text: string, file: string): Targets {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false })
  const [error] = errors
  if (error || !root) {
    const what = error ? words(printParseErrorCode(error.error)) : 'a JSON object expected, the file is empty'
    throw new UsageError(`${file}:${lineAt(text, error?.offset ?? 0)}: not valid JSON: ${what}`)
  }
  const parsed = targetsSchema.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new UsageError(parsed.error.issues.map((issue) => describe(issue, root, text, file)).join('\n'))
}

function describe(issue: z.core.$ZodIssue, root: Node, text: string, file: string): string {
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const path = [...issue.path, ...unknownKey].map((step) => (typeof step === 'number' ? step : String(step)))
  const line = lineAt(text, nearestNode(root, path).offset)
  return `${file}:${line}: ${pathText(path)}: ${issue.message}`
}

/** The node itself or, when it is missing from the file, the closest one around it. */
function nearestNode(root: Node, path: readonly (string | number)[]): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length))
    if (node) return node
  }
  return root
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function pathText(path: readonly (string | number)[]): string {
  const joined = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return joined.replace(/^\./, '') || 'the whole file'
}

/** CloseBraceExpected → close brace expected */
function words(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
}
