import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../sut/find-program.ts'
import { readStartTime } from '../sut/process-identity.ts'
import { findAlertmanager, findPrometheus } from '../sut/prometheus.ts'
import { type CliHarness, createCliHarness } from '../testing/cli.ts'

const ANY_PORTS = ['--port', '0', '--prometheus-port', '0', '--alertmanager-port', '0', '--grafana-port', '0']
let cli: CliHarness

beforeAll(() => {
  cli = createCliHarness()
})
afterEach(() => cli.stopAll())
afterAll(() => cli.close())

test('the stack: every process is scraped, runbooks are served, and nothing is left', {
  timeout: 180_000,
}, async (context) => {
  if (findPrometheus() === null) context.skip('there is no prometheus: install it (Debian: prometheus)')
  const running = cli.start(['stack', '--json', ...ANY_PORTS])
  const stack = JSON.parse(await running.awaitOutput(/^\{.*\}\n/m)) as {
    prometheus_url: string
    alerts_url: string
    alertmanager_url: string | null
    metrics_urls: { url: string; pid: number }[]
  }
  const ask = async (path: string) => (await fetch(`${stack.prometheus_url}${path}`)).json()
  const scraped = async () => {
    const { data } = (await ask('/api/v1/targets')) as {
      data: { activeTargets: { scrapeUrl: string; health: string }[] }
    }
    return data.activeTargets.filter(({ health }) => health === 'up').map(({ scrapeUrl }) => scrapeUrl)
  }
  await expect.poll(async () => (await scraped()).sort()).toEqual(stack.metrics_urls.map(({ url }) => url).sort())
  const runbook = await fetch(`${stack.prometheus_url}/user/WorkerMissing.md`)
  expect(await runbook.text()).toContain('# WorkerMissing')
  expect((await fetch(stack.alerts_url)).status).toBe(200)
  if (findAlertmanager() !== null) {
    const { data } = (await ask('/api/v1/alertmanagers')) as { data: { activeAlertmanagers: { url: string }[] } }
    expect(data.activeAlertmanagers.map(({ url }) => new URL(url).origin)).toEqual([stack.alertmanager_url])
  }
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(0)
  expect(stack.metrics_urls.map(({ pid }) => readStartTime(pid)).filter((time) => time !== null)).toEqual([])
  await expect(fetch(`${stack.prometheus_url}/-/ready`)).rejects.toThrow()
  expect(cli.listRuns()).toEqual([])
})

test('without Prometheus it says what to install, or where to go', async () => {
  const bin = join(cli.directory, 'bin')
  mkdirSync(bin)
  symlinkSync(findProgram(['node']) ?? '', join(bin, 'node'))
  const { code, stderr } = await cli.run(['stack', ...ANY_PORTS], { PATH: bin })
  expect(stderr).toMatch(
    /^redline: There is no prometheus on the PATH: install it .* or run everything in containers \(compose\/\)\.\n$/,
  )
  expect(code).toBe(3)
})

const pushTo = (url: string) => cli.run(['bench', '--quick', '--out', cli.directory, '--push-to', url])

test.each([
  ['a server that takes no samples', 404, /takes no samples: start Prometheus with --web.enable-remote-write-receiver/],
  ['a server that refuses them', 400, /answered 400: not today/],
])('bench --push-to %s ends before anything is measured', async (_, status, message) => {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(status).end('not today')
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { code, stderr } = await pushTo(`http://127.0.0.1:${port}`)
  expect(stderr).toMatch(message)
  expect(code).toBe(3)
})

test('bench --push-to an address where nobody is', async () => {
  const { code, stderr } = await pushTo('http://127.0.0.1:1')
  expect(stderr).toContain('http://127.0.0.1:1/api/v1/write cannot be reached')
  expect(code).toBe(3)
})
