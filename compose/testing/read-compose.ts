import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

const HERE = fileURLToPath(new URL('..', import.meta.url))

const variables = z.record(z.string(), z.coerce.string())
const healthcheck = z.object({ test: z.array(z.string()).optional(), disable: z.boolean().optional() })

const serviceSchema = z.object({
  image: z.string(),
  build: z.object({ target: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  environment: variables.optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  healthcheck: healthcheck.optional(),
  secrets: z.array(z.string()).optional(),
  networks: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  profiles: z.array(z.string()).optional(),
  mem_limit: z.string().optional(),
  user: z.string().optional(),
  deploy: z.object({ replicas: z.number() }).optional(),
})
export type Service = z.output<typeof serviceSchema>

const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  networks: z.record(z.string(), z.object({ internal: z.boolean() }).partial().nullable()),
  volumes: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
})
export type Compose = z.output<typeof composeSchema>

/**
 * The compose files of this folder (or others, by their whole path) as Docker would see them together: variables filled in, the later file over the
 * earlier one (https://github.com/compose-spec/compose-spec/blob/main/13-merge.md, as far as these files need it).
 */
export function readCompose(files: readonly string[], environment: Readonly<Record<string, string>> = {}): Compose {
  const read = files.map((file) => {
    const text = readFileSync(resolve(HERE, file), 'utf8')
    return parse(fillIn(text, environment), { merge: true }) as Tree
  })
  return composeSchema.parse(read.reduce((below, above) => overlay(below, above, '')))
}

/** `${NAME:-default}` and `${NAME}`. */
function fillIn(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name, otherwise = '') => environment[name] || otherwise)
}

type Tree = { [key: string]: unknown }
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

function overlay(below: Tree, above: Tree, path: string): Tree {
  const merged: Tree = { ...below }
  for (const [key, value] of Object.entries(above)) {
    const under = below[key]
    if (isTree(under) && isTree(value)) merged[key] = overlay(under, value, `${path}.${key}`)
    // A command is replaced as a whole; other lists are joined.
    else if (Array.isArray(under) && Array.isArray(value) && key !== 'command' && key !== 'test')
      merged[key] = [...new Set([...under, ...value])]
    else merged[key] = value
  }
  return merged
}
