import express, { type Express, type Router } from 'express'
import type { Logger } from 'pino'
import type { Metrics } from './metrics/metrics.ts'
import { answerUnknownRoute, createErrorHandler } from './middleware/problem.ts'
import { createPageRoutes, PAGE_PATH } from './routes/page.ts'

export interface AppParts {
  /** Routes below `/api/v1/public`. */
  readonly addPublicRoutes: (router: Router) => void
  /** Routes below `/api/v1/queue`; without them there is no waiting room. */
  readonly addQueueRoutes?: ((router: Router) => void) | undefined
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxyHops: number
  /** What stands elsewhere, by its prefix. */
  readonly mounts: Readonly<Record<string, Router>>
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Builds the public application; whoever calls it listens. */
export function createApp({
  addPublicRoutes,
  addQueueRoutes,
  mounts,
  trustProxyHops,
  logger,
  metrics,
}: AppParts): Express {
  const app = express().disable('x-powered-by').disable('etag').set('trust proxy', trustProxyHops)
  const addApi = (path: string, addRoutes: (router: Router) => void) => {
    const router = express.Router().use(express.json({ limit: '10kb' }))
    addRoutes(router)
    app.use(`/api/v1/${path}`, router)
  }
  addApi('public', addPublicRoutes)
  if (addQueueRoutes !== undefined) addApi('queue', addQueueRoutes)
  app.get('/health', (_request, response) => {
    response.json({ status: 'up' })
  })
  app.use(PAGE_PATH, createPageRoutes())
  for (const [prefix, mounted] of Object.entries(mounts)) app.use(prefix, mounted)
  app.use(answerUnknownRoute)
  app.use(createErrorHandler(logger, metrics))
  return app
}
