import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UnreachableError } from '../errors.ts'
import { awaitReady } from './await-ready.ts'
import { failOnDeath, firstDeath, startChild } from './child.ts'
import { findProgram } from './find-program.ts'
import { startOnFreePort } from './free-port.ts'
import type { RunDirectory } from './run-directory.ts'

const SOURCES = fileURLToPath(new URL('../../prometheus', import.meta.url))
const START_DEADLINE_MS = 30_000
/** What Prometheus uses of the folder; tests and texts stay where they are. */
const PARTS = ['prometheus.yml', 'alertmanager.yml', 'rules', 'alerts', 'runbooks']

/** What is watched with: Debian calls its alertmanager prometheus-alertmanager. */
export const findPrometheus = () => findProgram(['prometheus'])
export const findAlertmanager = () => findProgram(['alertmanager', 'prometheus-alertmanager'])

export interface Watcher {
  readonly url: string
  readonly died: Promise<never>
  stop(): Promise<void>
}

export interface Prometheus extends Watcher {
  /** Where a person reads its alerts. */
  readonly alertsUrl: string
  /** Replaces what is scraped, as a file of `file_sd_configs` holds it. */
  scrape(targets: unknown): Promise<void>
}

export interface PrometheusOptions {
  readonly directory: RunDirectory
  /** Undefined: any free one. */
  readonly port?: number | undefined
  /** `host:port` of an Alertmanager. */
  readonly alertmanager?: string | undefined
  /** Instead of what prometheus.yml says. */
  readonly intervalSeconds?: number
}

/**
 * Starts the Prometheus of this machine with this project's rules and alerts; it takes remote writes and serves the
 * runbooks under /user. @throws UnreachableError when there is none, or it does not start
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const program = findPrometheus()
  if (program === null) throw new UnreachableError('There is no prometheus on the PATH.')
  const home = join(options.directory.path, 'prometheus')
  await copySources(home, options)
  const { url, died, stop } = await startOnFreePort(options.port, (port) => launch(program, port, home, options))
  return {
    url,
    died,
    stop,
    alertsUrl: await findAlertsPage(url),
    scrape: (targets) => writeTargets(join(home, 'targets', 'redline.json'), targets),
  }
}

/** Debian's has the classic pages alone, at a path of their own. */
async function findAlertsPage(url: string): Promise<string> {
  const { ok } = await fetch(`${url}/alerts`, { signal: AbortSignal.timeout(2_000) }).catch(() => ({ ok: true }))
  return `${url}${ok ? '' : '/classic'}/alerts`
}

async function copySources(home: string, { alertmanager, intervalSeconds }: PrometheusOptions): Promise<void> {
  await mkdir(join(home, 'targets'), { recursive: true })
  for (const part of PARTS) await cp(join(SOURCES, part), join(home, part), { recursive: true })
  if (intervalSeconds !== undefined) {
    const text = await readFile(join(home, 'prometheus.yml'), 'utf8')
    const faster = text
      .replace(/(scrape|evaluation)_interval: \S+/g, `$1_interval: ${intervalSeconds}s`)
      .replace(/scrape_timeout: \S+/, `scrape_timeout: ${intervalSeconds}s`)
    await writeFile(join(home, 'prometheus.yml'), faster)
  }
  await writeTargets(join(home, 'targets', 'redline.json'), [])
  if (alertmanager !== undefined)
    await writeTargets(join(home, 'targets', 'alertmanager.json'), [{ targets: [alertmanager] }])
}

/** Renamed into its place: Prometheus reads it at any time. */
async function writeTargets(file: string, targets: unknown): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(targets))
  await rename(`${file}.new`, file)
}

async function launch(program: string, port: number, home: string, { directory }: PrometheusOptions): Promise<Watcher> {
  const args = [
    `--config.file=${join(home, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(home, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    `--web.external-url=http://127.0.0.1:${port}`,
    `--web.user-assets=${join(home, 'runbooks')}`,
    '--web.enable-remote-write-receiver',
    '--enable-feature=exemplar-storage',
    '--log.level=warn',
  ]
  return launchWatcher({ name: 'prometheus', program, args, port, directory, ready: '/-/ready' })
}

/** Alertmanager with this project's routes, for this machine alone. */
export function startAlertmanager(directory: RunDirectory, wanted?: number): Promise<Watcher> {
  const program = findAlertmanager()
  if (program === null) throw new UnreachableError('There is no alertmanager on the PATH.')
  return startOnFreePort(wanted, (port) => {
    const args = [
      `--config.file=${join(SOURCES, 'alertmanager.yml')}`,
      `--storage.path=${join(directory.path, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // One alone: no port for a cluster of them.
      '--cluster.listen-address=',
      '--log.level=warn',
    ]
    return launchWatcher({ name: 'alertmanager', program, args, port, directory, ready: '/-/ready' })
  })
}

interface Launch {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly port: number
  readonly directory: RunDirectory
  /** Path that answers with 200 when it is ready. */
  readonly ready: string
  readonly env?: Record<string, string>
}

export async function launchWatcher(launch: Launch): Promise<Watcher> {
  const { name, program, args, port, directory, ready, env } = launch
  const child = await startChild({ name, command: program, args, directory, ...(env && { env }) })
  const url = `http://127.0.0.1:${port}`
  const check = async () => {
    const response = await fetch(url + ready, { signal: AbortSignal.timeout(2_000) })
    if (!response.ok) throw new Error(`${url}${ready} answered ${response.status}`)
  }
  await awaitReady(child, check, START_DEADLINE_MS)
  return { url, died: firstDeath([failOnDeath(child)]), stop: () => child.stop() }
}
