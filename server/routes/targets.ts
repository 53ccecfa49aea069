import { Router } from 'express'
import type { RegisteredProcess } from '../redis/process-registry.ts'

/** What Prometheus takes from an `http_sd_configs` URL, and from a file of `file_sd_configs`. */
export interface ScrapeTargets {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** `GET /targets`: every process that is alive, also each of several servers on one port, for Prometheus to scrape. */
export function createTargetRoutes(list: () => Promise<readonly RegisteredProcess[]>): Router {
  const router = Router()
  router.get('/targets', async (_request, response) => {
    response.json(describeTargets(await list()))
  })
  return router
}

/** A process that does not listen yet is none. */
export function describeTargets(processes: readonly RegisteredProcess[]): ScrapeTargets[] {
  return processes
    .filter(({ ops_url: url }) => url !== '')
    .map(({ kind, host, ops_url: url }) => ({ targets: [addressOf(url, host)], labels: { job: kind } }))
}

/** Whoever listens on all addresses is found by the name of its machine. */
function addressOf(opsUrl: string, host: string): string {
  const { hostname, port } = new URL(opsUrl)
  return `${['0.0.0.0', '[::]'].includes(hostname) ? host : hostname}:${port}`
}
