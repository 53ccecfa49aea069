import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect } from 'vitest'

interface Operation {
  readonly operationId: string
  readonly security?: readonly Record<string, unknown>[]
  readonly responses: Record<
    string,
    { content?: Record<string, unknown>; headers?: Record<string, { required?: boolean }> }
  >
}

/** The parts of the document that tests look at. */
export interface ApiDocument {
  readonly paths: Record<string, Record<string, Operation & { parameters?: { name: string; in: string }[] }>>
}

/** A server's answers, held against the document that the same server gives out. */
export interface DocumentedApi {
  readonly url: string
  readonly document: ApiDocument
  /** What was answered so far, such as `POST /api/v1/public/redeem 202`. */
  readonly seen: ReadonlySet<string>
  /** Asks with JSON. Fails unless the answer is one that the document tells of. @returns status, headers and body */
  ask(method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Answer>
  /** Fails unless the document tells of this answer. @returns its body */
  expectDocumented(method: string, response: Response): Promise<unknown>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read the bodies that they have just held against their schema
  readonly body: any
}

export async function readDocumentedApi(url: string): Promise<DocumentedApi> {
  const document = (await (await fetch(new URL('/openapi.json', url))).json()) as ApiDocument
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }))
  ajv.addSchema({ $id: 'api', ...document })
  const templates = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
  }))
  const seen = new Set<string>()

  async function expectDocumented(method: string, response: Response): Promise<unknown> {
    const { pathname } = new URL(response.url)
    const path = templates.find(({ pattern }) => pattern.test(pathname))?.path ?? pathname
    const name = `${method.toUpperCase()} ${path} ${response.status}`
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[response.status]
    expect(described, `${name} is not in the document`).toBeDefined()
    const type = response.headers.get('content-type')?.split(';')[0] ?? ''
    expect(Object.keys(described?.content ?? {}), `the type of ${name}`).toContain(type)
    for (const [header, { required }] of Object.entries(described?.headers ?? {}))
      if (required) expect(response.headers.get(header), `${header} of ${name}`).not.toBeNull()
    const body = type.endsWith('json') ? await response.json() : await response.text()
    const keys = ['paths', path, method.toLowerCase(), 'responses', response.status, 'content', type, 'schema']
    const validate = ajv.compile({ $ref: `api#${keys.map((key) => `/${escapeKey(String(key))}`).join('')}` })
    expect(validate(body) ? [] : validate.errors, `${name}: ${JSON.stringify(body)}`).toEqual([])
    seen.add(name)
    return body
  }

  return {
    url,
    document,
    seen,
    expectDocumented,
    async ask(method, path, { body, headers = {} } = {}) {
      const response = await fetch(new URL(path, url), {
        method,
        redirect: 'manual',
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const { status, headers: answered } = response
      return { status, headers: answered, body: await expectDocumented(method, response) }
    },
  }
}

/** Of a JSON pointer in the fragment of an address. */
const escapeKey = (key: string) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))
