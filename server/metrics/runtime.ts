import { performance } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

/** Gauges of the client library that are named like counters; each exists by type under a name of its own. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** What every Node process tells of itself: the client library's defaults and how busy the event loop is. */
export function collectRuntime(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  exposeUtilisation(registry)
}

function exposeUtilisation(registry: Registry): void {
  let last = performance.eventLoopUtilization()
  new Gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'Share of time in which the event loop was busy since the last scrape, 0…1; with several scrapers use the counter',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, last).utilization)
      last = now
    },
  })
  new Counter({
    name: 'nodejs_eventloop_active_seconds_total',
    help: 'Time in which the event loop was busy; its rate is the utilisation',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(performance.eventLoopUtilization().active / 1_000)
    },
  })
}

/** Which build runs here, as what: its value is always 1. */
export function exposeBuild(registry: Registry, labels: { version: string; kind: string; mode: string }): void {
  new Gauge({
    name: 'redline_build_info',
    help: 'Version of this process, what it is, its limiter mode and its Node',
    labelNames: ['version', 'kind', 'mode', 'node'],
    registers: [registry],
  }).set({ ...labels, node: process.version }, 1)
}
