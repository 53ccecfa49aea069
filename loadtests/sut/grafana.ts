import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UnreachableError } from '../errors.ts'
import { findProgram } from './find-program.ts'
import { startOnFreePort } from './free-port.ts'
import { launchWatcher, type Watcher } from './prometheus.ts'
import type { RunDirectory } from './run-directory.ts'

const DASHBOARDS = fileURLToPath(new URL('../../dashboards', import.meta.url))
/** Where Grafana's packages put what its program needs. */
const HOME = process.env['GF_PATHS_HOME'] || '/usr/share/grafana'

export const findGrafana = () => findProgram(['grafana-server', 'grafana'])

/** Grafana with the data source and the dashboards of this project; whoever comes may look. */
export async function startGrafana(directory: RunDirectory, prometheusUrl: string, wanted?: number): Promise<Watcher> {
  const program = findGrafana()
  if (program === null) throw new UnreachableError('There is no grafana-server on the PATH.')
  const data = join(directory.path, 'grafana')
  await mkdir(data, { recursive: true })
  return startOnFreePort(wanted, (port) => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      GF_PATHS_DATA: data,
      GF_PATHS_LOGS: data,
      GF_PATHS_PROVISIONING: join(DASHBOARDS, 'provisioning'),
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(port),
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      REDLINE_DASHBOARDS: join(DASHBOARDS, 'json'),
      PROMETHEUS_URL: prometheusUrl,
    }
    const args = [...(program.endsWith('grafana') ? ['server'] : []), '--homepath', HOME]
    return launchWatcher({ name: 'grafana', program, args, port, directory, ready: '/api/health', env })
  })
}
