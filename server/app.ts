import express, { type Express, type RequestHandler, type Router } from 'express'
import type { Logger } from 'pino'
import type { Metrics } from './metrics/metrics.ts'
import { answerUnknownRoute, createErrorHandler } from './middleware/problem.ts'
import { createPageRoutes, PAGE_PATH } from './routes/page.ts'

export interface AppParts {
  /** Routes below `/api/v1/public`. */
  readonly addPublicRoutes: (router: Router) => void
  /** Guards the endpoints that take or move a use, before their bodies are read; undefined: nothing does. */
  readonly ipLimit: RequestHandler | undefined
  /** Proxies in front whose X-Forwarded-For is believed; 0: a client is who connects. */
  readonly trustProxyHops: number
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Who only looks at a status, or waits for it, is not counted: that costs little and reveals nothing without the id. */
const LIMITED = ['/direct-redeem', '/redeem', '/rebind']

/** Builds the public application; whoever calls it listens. */
export function createApp({ addPublicRoutes, ipLimit, trustProxyHops, logger, metrics }: AppParts): Express {
  const app = express().disable('x-powered-by').disable('etag').set('trust proxy', trustProxyHops)
  const router = express.Router()
  if (ipLimit !== undefined) router.post(LIMITED, ipLimit)
  router.use(express.json({ limit: '10kb' }))
  addPublicRoutes(router)
  app.use('/api/v1/public', router)
  app.get('/health', (_request, response) => {
    response.json({ status: 'up' })
  })
  app.use(PAGE_PATH, createPageRoutes())
  app.use(answerUnknownRoute)
  app.use(createErrorHandler(logger, metrics))
  return app
}
