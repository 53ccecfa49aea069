import express, { type Express, type RequestHandler, Router } from 'express'
import type { Logger } from 'pino'
import type { Metrics } from './metrics/metrics.ts'
import { answerUnknownRoute, createErrorHandler } from './middleware/problem.ts'
import { createPageRoutes, PAGE_PATH } from './routes/page.ts'

export interface AppParts {
  /** Routes below `/api/v1/public`. */
  readonly addPublicRoutes: (router: Router) => void
  /** Routes below `/api/v1/queue`; without them there is no waiting room. */
  readonly addQueueRoutes?: ((router: Router) => void) | undefined
  /** Guards the endpoints that take or move a use, before their bodies are read; undefined: nothing does. */
  readonly ipLimit: RequestHandler | undefined
  /** Proxies in front whose X-Forwarded-For is believed; 0: a client is who connects. */
  readonly trustProxyHops: number
  /** What stands elsewhere, by its prefix. */
  readonly mounts: Readonly<Record<string, Router>>
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Who only looks at a status, or waits for it, is not counted: that costs little and reveals nothing without the id. */
const LIMITED = ['/direct-redeem', '/redeem', '/rebind']

/** Builds the public application; whoever calls it listens. */
export function createApp({
  addPublicRoutes,
  addQueueRoutes,
  ipLimit,
  mounts,
  trustProxyHops,
  logger,
  metrics,
}: AppParts): Express {
  const app = express().disable('x-powered-by').disable('etag').set('trust proxy', trustProxyHops)
  const addApi = (path: string, router: Router, addRoutes: (router: Router) => void) => {
    addRoutes(router.use(express.json({ limit: '10kb' })))
    app.use(`/api/v1/${path}`, router)
  }
  const limited = ipLimit === undefined ? Router() : Router().use(LIMITED, ipLimit)
  addApi('public', limited, addPublicRoutes)
  if (addQueueRoutes !== undefined) addApi('queue', Router(), addQueueRoutes)
  app.get('/health', (_request, response) => {
    response.json({ status: 'up' })
  })
  app.get('/', (_request, response) => {
    response.redirect(303, PAGE_PATH)
  })
  app.use(PAGE_PATH, createPageRoutes())
  for (const [prefix, mounted] of Object.entries(mounts)) app.use(prefix, mounted)
  app.use(answerUnknownRoute)
  app.use(createErrorHandler(logger, metrics))
  return app
}
