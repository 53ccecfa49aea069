import { type Request, type Response, Router } from 'express'
import helmet from 'helmet'
import { LANGUAGES } from '../page/browser/messages.js'
import { buildPage, ENCODINGS, type PageFile, type PageSources } from '../page/build-page.ts'
import { readPageSources } from '../page/read-page-sources.ts'

export const PAGE_PATH = '/invite'
const ASSETS_PATH = '/assets'

/** HSTS is the business of the proxy that ends TLS. */
const protect = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      'img-src': ["'self'"],
      'connect-src': ["'self'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
      'require-trusted-types-for': ["'script'"],
      'trusted-types': ["'none'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
  strictTransportSecurity: false,
})

/** The page at PAGE_PATH and its assets. Everything is read, hashed and compressed here, once. */
export function createPageRoutes(sources: PageSources = readPageSources()): Router {
  const { html, assets } = buildPage(sources, `${PAGE_PATH}${ASSETS_PATH}`)
  const router = Router().use(protect)
  router.get('/', (request, response) => {
    const accepted = request.acceptsLanguages([...LANGUAGES])
    const language = LANGUAGES.find((known) => known === accepted) ?? LANGUAGES[0]
    response.set({ 'Cache-Control': 'no-cache', 'Content-Language': language }).vary('Accept-Language')
    sendFile(request, response, html[language])
  })
  router.get(`${ASSETS_PATH}/:name`, (request, response, next) => {
    const file = assets.get(request.params.name)
    if (file === undefined) return next()
    response.set('Cache-Control', 'public, max-age=31536000, immutable')
    sendFile(request, response, file)
  })
  return router
}

/** Our own order: browsers list gzip first and mean nothing by it. `send` answers 304 when the tag still matches. */
function sendFile(request: Request, response: Response, { type, hash, bodies }: PageFile): void {
  const encoding = ENCODINGS.find((name) => request.acceptsEncodings(name) !== false) ?? 'identity'
  if (encoding !== 'identity') response.set('Content-Encoding', encoding)
  response.set({ 'Content-Type': type, ETag: `"${hash}-${encoding}"` }).vary('Accept-Encoding')
  response.send(bodies[encoding])
}
