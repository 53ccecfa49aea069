import express, { type Express, Router } from 'express'
import { z } from 'zod'
import type { Metrics } from '../metrics/metrics.ts'
import { parseBody } from './parse-body.ts'

/** A dependency that readiness is judged by. */
export type Probe = () => Promise<void>

/** Stops and resumes what a process does in the background (ledger consumer, relay, sweeper, invite jobs). */
export interface Drain {
  readonly paused: boolean
  /** Resolves when everything that was under way has ended. */
  pause(): Promise<void>
  resume(): Promise<void>
}

export interface OperationsParts {
  readonly metrics: Metrics
  readonly probes: Readonly<Record<string, Probe>>
  readonly version: string
  readonly drain?: Drain
}

const PROBE_TIMEOUT_MS = 2_000

/** The operations port of a process: metrics, health, drain. It has no authentication: never expose it. */
export function createOperations({ metrics, probes, version, drain }: OperationsParts): Express {
  const app = express()
    .disable('x-powered-by')
    .disable('etag')
    .use(express.json({ limit: '1mb' }))
  app.get('/metrics', async (_request, response) => {
    response.set('Content-Type', metrics.registry.contentType).end(await metrics.registry.metrics())
  })
  app.get('/health/live', (_request, response) => {
    response.json({ status: 'up' })
  })
  app.get('/health/ready', async (_request, response) => {
    const entries = Object.entries(probes).map(async ([name, probe]) => [name, await measure(probe)] as const)
    const dependencies = Object.fromEntries(await Promise.all(entries))
    const ready = Object.values(dependencies).every(({ up }) => up)
    response
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ready' : 'not ready', version, time: new Date().toISOString(), dependencies })
  })
  if (drain !== undefined) app.use(createDrainRoutes(drain))
  return app
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

async function measure(probe: Probe): Promise<{ up: boolean; latency_ms: number }> {
  const startedAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), PROBE_TIMEOUT_MS)
  })
  const up = await Promise.race([probe(), tooLate]).then(
    () => true,
    () => false,
  )
  clearTimeout(timer)
  return { up, latency_ms: Math.round((performance.now() - startedAt) * 1000) / 1000 }
}
