import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Router } from 'express'
import helmet from 'helmet'
import { z } from 'zod'
import { sendJson } from '../middleware/send-json.ts'
import { buildDocument } from '../openapi/build-document.ts'
import type { RouteDescription } from '../openapi/route-description.ts'

const common = { method: 'get', tag: 'Documentation', problems: [] } as const

export const DOCS_ROUTES: readonly RouteDescription[] = [
  {
    ...common,
    path: '/openapi.json',
    id: 'readDocument',
    summary: 'This document',
    answer: { status: 200, description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) },
  },
  {
    ...common,
    path: '/docs',
    id: 'readDocs',
    summary: 'This document as a page',
    answer: { status: 200, description: 'A page', type: 'text/html' },
  },
]

const MAX_AGE_MS = 3_600_000

/** Nothing from elsewhere, nothing inline; the styles' pictures are data. */
const protect = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      'img-src': ["'self'", 'data:'],
      'connect-src': ["'self'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
  strictTransportSecurity: false,
})

const require = createRequire(import.meta.url)
const ours = (name: string) => fileURLToPath(new URL(`../openapi/page/${name}`, import.meta.url))
/** What the page consists of; the big ones come from their package as they are. */
const FILES = {
  '/docs': ours('index.html'),
  '/docs/start.js': ours('start.js'),
  '/docs/swagger-ui.css': require.resolve('swagger-ui-dist/swagger-ui.css'),
  '/docs/swagger-ui-bundle.js': require.resolve('swagger-ui-dist/swagger-ui-bundle.js'),
} as const

/** The API's document and a page that shows it. The document is made when it is first asked for. */
export function createDocsRoutes(routes: readonly RouteDescription[]): Router {
  const router = Router()
  let document: object | undefined
  router.get('/openapi.json', (_request, response) => {
    document ??= buildDocument(routes)
    response.set('Cache-Control', 'no-cache')
    sendJson(response, 200, document)
  })
  for (const [path, file] of Object.entries(FILES)) {
    router.get(path, protect, (_request, response) => response.sendFile(file, { maxAge: MAX_AGE_MS, etag: true }))
  }
  return router
}
