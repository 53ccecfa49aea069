import express, { type Express, Router } from 'express'
import { Registry } from 'prom-client'
import { z } from 'zod'
import type { Metrics } from '../metrics/metrics.ts'
import { OPEN_METRICS_TYPE, wantsOpenMetrics, writeOpenMetrics } from '../metrics/open-metrics.ts'
import { measureProbe, type Probe } from '../resilience/probe.ts'
import { parseBody } from './parse-body.ts'

/** Stops and resumes what a process does in the background (ledger consumer, relay, sweeper, invite jobs). */
export interface Drain {
  readonly paused: boolean
  /** Resolves when everything that was under way has ended. */
  pause(): Promise<void>
  resume(): Promise<void>
}

export interface OperationsParts {
  readonly metrics: Metrics
  /** Dependencies that readiness is judged by. */
  readonly probes: Readonly<Record<string, Probe>>
  readonly version: string
  readonly drain?: Drain
}

/** The operations port of a process: metrics, health, drain. It has no authentication: never expose it. */
export function createOperations({ metrics, probes, version, drain }: OperationsParts): Express {
  const app = express()
    .disable('x-powered-by')
    .disable('etag')
    .use(express.json({ limit: '1mb' }))
  app.get('/metrics', async (request, response) => {
    const registry = selectMetrics(metrics.registry, request.query['name[]'])
    const isOpen = wantsOpenMetrics(request.accepts())
    const text = await (isOpen ? writeOpenMetrics(registry) : registry.metrics())
    response
      .vary('Accept')
      .set('Content-Type', isOpen ? OPEN_METRICS_TYPE : registry.contentType)
      .end(text)
  })
  app.get('/health/live', (_request, response) => {
    response.json({ status: 'up' })
  })
  app.get('/health/ready', async (_request, response) => {
    const entries = Object.entries(probes).map(async ([name, probe]) => [name, await measureProbe(probe)] as const)
    const dependencies = Object.fromEntries(await Promise.all(entries))
    const ready = Object.values(dependencies).every(({ up }) => up)
    response
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ready' : 'not ready', version, time: new Date().toISOString(), dependencies })
  })
  if (drain !== undefined) app.use(createDrainRoutes(drain))
  return app
}

/** Those that `name[]` asks for, as often as it is given; all without it. Names that are not there are left out. */
function selectMetrics(registry: Registry, asked: unknown): Registry {
  if (asked === undefined) return registry
  const some = new Registry()
  for (const name of new Set([asked].flat())) {
    const metric = registry.getSingleMetric(String(name))
    if (metric !== undefined) some.registerMetric(metric)
  }
  return some
}

const drainBody = z.strictObject({ paused: z.boolean() })

function createDrainRoutes(drain: Drain): Router {
  const router = Router()
  router.get('/drain', (_request, response) => {
    response.json({ paused: drain.paused })
  })
  router.put('/drain', async (request, response) => {
    const { paused } = parseBody(drainBody, request)
    await (paused ? drain.pause() : drain.resume())
    response.json({ paused: drain.paused })
  })
  return router
}
