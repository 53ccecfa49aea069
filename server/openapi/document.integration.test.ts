import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Express } from 'express'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type DocumentedServer, startDocumentedServer } from '../testing/documented-server.ts'
import { askEverything, makeMistakes, provokeAdmin, provokePublic, provokeQueue } from '../testing/provoke-answers.ts'
import { createTcpProxy } from '../testing/tcp-proxy.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

/** Of Express' router, as its types do not tell. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Record<string, boolean> }
  readonly handle: { readonly stack?: readonly Layer[] }
  /** Where it is mounted. */
  readonly rawPath: string
}

/** What Express answers, such as `get /api/v1/public/redemptions/{id}`. */
function listRoutes(stack: readonly Layer[], prefix = ''): string[] {
  return stack.flatMap(({ route, handle, rawPath }) => {
    if (route === undefined) return listRoutes(handle.stack ?? [], prefix + rawPath.replace(/\/$/, ''))
    const path = prefix + route.path.replace(/\/$/, '').replace(/:(\w+)/g, '{$1}')
    return Object.keys(route.methods).map((method) => `${method} ${path || '/'}`)
  })
}

/** Files of pages. */
const UNLISTED = /^get \/docs\/|^get \/invite\//
const METHODS = ['get', 'post', 'patch', 'put', 'delete']

describe('the OpenAPI document', () => {
  let stores: TestStores
  let server: DocumentedServer
  beforeAll(async () => {
    stores = await createTestStores()
    server = await startDocumentedServer(stores, { LIMITER_MODE: 'token-bucket' })
  })
  afterAll(async () => {
    await server.close()
    await stores.close()
  })

  const operations = () =>
    Object.entries(server.api.document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ name: `${method} ${path}`, path, ...operation })),
    )

  test('tells of every route, and of nothing else', () => {
    const { stack } = (server.app as Express & { router: { stack: Layer[] } }).router
    const routes = listRoutes(stack).filter((route) => !UNLISTED.test(route))
    expect(routes.sort()).toEqual(
      operations()
        .map(({ name }) => name)
        .sort(),
    )
  })

  test('is sound: version, references, ids, parameters, schemas', () => {
    const { document } = server.api
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Redline', version: expect.any(String) } })
    const ids = operations().map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { name, path, parameters = [], responses } of operations()) {
      expect(METHODS).toContain(name.split(' ')[0])
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name)
      expect(inPath, name).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, key]) => key))
      for (const response of Object.values(responses)) expect(response).toHaveProperty('description')
    }
    // Each reference is followed, and each schema is one of JSON Schema 2020-12.
    const ajv = addFormats.default(new Ajv2020({ strict: false }))
    ajv.addSchema({ $id: 'api', ...document })
    const schemas = [...findSchemas(document)]
    expect(schemas.length).toBeGreaterThan(50)
    for (const schema of schemas)
      expect(() => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')))).not.toThrow()
  })

  test('every answer is as it says, but for faults of ours', async () => {
    await makeMistakes(server.api)
    await askEverything(server.api)
    await provokePublic(server, stores)
    await provokeAdmin(server, stores)
    await provokeQueue(server, stores)
    const elsewhere = [...(await askWithoutPostgres()), ...(await askTooOften())]
    const seen = new Set([...server.api.seen, ...elsewhere])
    const documented = operations().flatMap(({ name, responses }) =>
      Object.keys(responses).map((status) => `${name.replace(/^\w+/, (method) => method.toUpperCase())} ${status}`),
    )
    const missing = documented.filter((answer) => !seen.has(answer))
    expect(missing.filter((answer) => !answer.endsWith(' 500'))).toEqual([])
  })

  async function askTooOften(): Promise<ReadonlySet<string>> {
    const strict = await startDocumentedServer(stores, { IP_LIMIT_PER_MINUTE: '1' })
    onTestFinished(strict.close)
    for (let time = 0; time < 2; time++) await askEverything(strict.api)
    return strict.api.seen
  }

  async function askWithoutPostgres(): Promise<ReadonlySet<string>> {
    const proxy = await createTcpProxy(stores.databaseUrl)
    onTestFinished(proxy.close)
    const cutOff = await startDocumentedServer(stores, { DATABASE_URL: proxy.url })
    onTestFinished(cutOff.close)
    proxy.cut()
    await askEverything(cutOff.api)
    return cutOff.api.seen
  }
})

function* findSchemas(part: unknown): Generator<object> {
  if (typeof part !== 'object' || part === null) return
  for (const [key, value] of Object.entries(part)) {
    if (key === 'schema') yield value as object
    else yield* findSchemas(value)
  }
}
