import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import type { Problem } from '../middleware/problem.ts'
import { VERSION } from '../version.ts'
import type { AnswerHeaders, RouteDescription } from './route-description.ts'

type Responses = RouteConfig['responses']
type Response = Responses[string]
export type ApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>

const RETRY_AFTER = {
  description: 'Seconds until it is worth asking again',
  schema: { type: 'integer', minimum: 1 },
} as const
const AUTHENTICATE = {
  description: 'The scheme that is asked for',
  schema: { type: 'string' },
  required: true,
} as const

/** Makes the OpenAPI 3.1 document of these routes. */
export function buildDocument(routes: readonly RouteDescription[]): ApiDocument {
  const registry = new OpenAPIRegistry()
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
  for (const route of routes) registry.registerPath(describeRoute(route))
  const document = new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' }).generateDocument(
    {
      openapi: '3.1.0',
      info: { title: 'Redline', version: VERSION, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
    },
  )
  delete document.webhooks
  return document
}

function describeRoute(route: RouteDescription): RouteConfig {
  const { method, path, id, tag, summary, description, params, query, headers, body, token } = route
  return {
    method,
    path: path.replace(/:(\w+)/g, '{$1}'),
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(token !== undefined && { security: token === 'admin' ? [{ bearer: [] }] : [{}, { bearer: [] }] }),
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(headers && { headers }),
      ...(body && { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: { ...describeAnswer(route.answer), ...describeProblems(route.problems) },
  }
}

function describeAnswer({
  status,
  description,
  schema,
  type = 'application/json',
  headers,
}: RouteDescription['answer']): Responses {
  const content = { [type]: { schema: schema ?? z.string() } }
  return { [status]: { description, content, ...(headers && { headers: describeHeaders(headers) }) } }
}

function describeHeaders(headers: AnswerHeaders) {
  const entries = Object.entries(headers)
  return Object.fromEntries(
    entries.map(([name, { description, example }]) => [
      name,
      { description, schema: { type: 'string' as const }, example },
    ]),
  )
}

/** One answer per status, with the codes that it may carry. */
function describeProblems(problems: readonly Problem[]): Responses {
  const statuses = [...new Set(problems.map(({ status }) => status))].sort((a, b) => a - b)
  return Object.fromEntries(statuses.map((status) => [status, describeStatus(problems, status)]))
}

function describeStatus(problems: readonly Problem[], status: number): Response {
  const own = problems.filter((problem) => problem.status === status)
  const [first] = own
  const lines = own.map(({ code, title }) => `\`${code}\`: ${title}`)
  const example = { type: 'about:blank', status, code: first?.code, title: first?.title }
  const headers = {
    ...((status >= 500 || status === 409 || status === 429) && { 'Retry-After': RETRY_AFTER }),
    ...(status === 401 && { 'WWW-Authenticate': AUTHENTICATE }),
  }
  return {
    description: lines.join('\n\n'),
    headers,
    content: {
      'application/problem+json': {
        schema: problemSchema(
          status,
          own.map(({ code }) => code),
        ),
        example,
      },
    },
  }
}

/** RFC 9457 with a stable code. */
function problemSchema(status: number, codes: readonly string[]) {
  return z.strictObject({
    type: z.literal('about:blank'),
    status: z.literal(status),
    code: z.enum([...new Set(codes)]),
    title: z.string(),
    detail: z.string().optional(),
  })
}
