import { Command } from 'commander'
import { UnreachableError } from '../errors.ts'
import { type Observability, startObservability } from '../sut/observability.ts'
import { findPrometheus } from '../sut/prometheus.ts'
import { parseWholeNumber } from './options.ts'
import { runDemo, type Watch } from './run-demo.ts'
import { addStartOptions, type StartOptions } from './start.ts'

interface StackOptions extends StartOptions {
  prometheusPort: number
  alertmanagerPort: number
  grafanaPort: number
}

const EXAMPLES = `
Examples:
  npm run stack                                             the system on port 3000, watched, until Ctrl-C
  npm run stack -- --mode redis-semaphore --servers 2       another mode, two server processes
  npm run bench -- --push-to http://127.0.0.1:9090          in another terminal: its run appears in Grafana
  npm run stack -- --port 0 --prometheus-port 0 --alertmanager-port 0 --grafana-port 0     any free ports

Grafana is started where it is installed; otherwise give your own the files of dashboards/ (dashboards/README.md).`

/** `stack`: the system, and what watches it. */
export function createStackCommand(): Command {
  const command = new Command('stack').description('start the whole system with Prometheus, Alertmanager and Grafana')
  return addStartOptions(command)
    .option('--prometheus-port <n>', '0 = any free port', parseWholeNumber(0, 65_535), 9090)
    .option('--alertmanager-port <n>', '0 = any free port', parseWholeNumber(0, 65_535), 9093)
    .option('--grafana-port <n>', '0 = any free port', parseWholeNumber(0, 65_535), 3001)
    .addHelpText('after', EXAMPLES)
    .action(stack)
}

async function stack(options: StackOptions): Promise<void> {
  if (findPrometheus() === null)
    throw new UnreachableError(
      'There is no prometheus on the PATH: install it (Debian: sh loadtests/sut/setup.sh --with-prometheus), or run everything in containers (compose/).',
    )
  await runDemo(options, async (system, directory) => {
    const ports = {
      prometheus: options.prometheusPort || undefined,
      alertmanager: options.alertmanagerPort || undefined,
      grafana: options.grafanaPort || undefined,
    }
    return describe(await startObservability(system, directory, ports))
  })
}

function describe({ prometheusUrl, alertsUrl, alertmanagerUrl, grafanaUrl, died, stop }: Observability): Watch {
  const rows = [
    ['Prometheus', `${prometheusUrl}   (alerts: ${alertsUrl})`],
    ['alerts', alertmanagerUrl ?? 'Alertmanager is not installed (Debian: prometheus-alertmanager)'],
    ['Grafana', grafanaUrl ? `${grafanaUrl}/dashboards` : 'not installed; dashboards/README.md, or compose/'],
  ] as const
  return {
    fields: {
      prometheus_url: prometheusUrl,
      alerts_url: alertsUrl,
      alertmanager_url: alertmanagerUrl,
      grafana_url: grafanaUrl,
    },
    text: rows.map(([label, text]) => `  ${label.padEnd(10)} ${text}\n`).join(''),
    died,
    stop,
  }
}
