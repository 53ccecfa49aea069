import { firstDeath } from './child.ts'
import { findGrafana, startGrafana } from './grafana.ts'
import { findAlertmanager, type Prometheus, startAlertmanager, startPrometheus, type Watcher } from './prometheus.ts'
import type { RunDirectory } from './run-directory.ts'
import { type SystemDescription, schedulerUrlOf } from './system-description.ts'

const FOLLOW_MS = 2_000

export interface Observability {
  readonly prometheusUrl: string
  readonly alertsUrl: string
  /** Null where the program is not installed. */
  readonly alertmanagerUrl: string | null
  readonly grafanaUrl: string | null
  readonly died: Promise<never>
  stop(): Promise<void>
}

export interface ObservabilityPorts {
  readonly prometheus: number | undefined
  readonly alertmanager: number | undefined
  readonly grafana: number | undefined
}

/** Starts what watches a system that runs: Prometheus, and Alertmanager and Grafana where they are installed. */
export async function startObservability(
  system: SystemDescription,
  directory: RunDirectory,
  ports: ObservabilityPorts,
): Promise<Observability> {
  const started: Watcher[] = []
  const keep = <Kept extends Watcher>(watcher: Kept): Kept => {
    started.push(watcher)
    return watcher
  }
  const stop = async () => {
    for (const watcher of started.splice(0).reverse()) await watcher.stop()
  }
  try {
    const alertmanager = findAlertmanager() ? keep(await startAlertmanager(directory, ports.alertmanager)) : null
    const address = alertmanager === null ? undefined : new URL(alertmanager.url).host
    const prometheus = keep(await startPrometheus({ directory, port: ports.prometheus, alertmanager: address }))
    const unfollow = await followTargets(system, prometheus)
    const grafana = findGrafana() ? keep(await startGrafana(directory, prometheus.url, ports.grafana)) : null
    return {
      prometheusUrl: prometheus.url,
      alertsUrl: prometheus.alertsUrl,
      alertmanagerUrl: alertmanager?.url ?? null,
      grafanaUrl: grafana?.url ?? null,
      died: firstDeath(started.map(({ died }) => died)),
      async stop() {
        unfollow()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Has Prometheus scrape the processes that the scheduler knows, also when one is replaced. @returns ends it */
export async function followTargets(system: SystemDescription, prometheus: Prometheus): Promise<() => void> {
  let known = ''
  const look = async () => {
    const response = await fetch(`${schedulerUrlOf(system)}/targets`, { signal: AbortSignal.timeout(FOLLOW_MS) })
    const text = await response.text()
    if (text === known || !response.ok) return
    await prometheus.scrape(JSON.parse(text))
    known = text
  }
  await look()
  // A scheduler that does not answer leaves its processes where they were last seen.
  const timer = setInterval(() => void look().catch(() => {}), FOLLOW_MS)
  return () => clearInterval(timer)
}
