import { execFile, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findK6 } from '../loadtests/drivers/k6-binary.ts'
import { findProgram } from '../loadtests/sut/find-program.ts'
import { followTargets } from '../loadtests/sut/observability.ts'
import { findPrometheus, type Prometheus, startPrometheus } from '../loadtests/sut/prometheus.ts'
import { describeMetrics } from '../prometheus/describe-metrics.ts'
import { readRules } from '../prometheus/read-rules.ts'
import { describeAlerts, readReadme, replaceSection } from '../prometheus/readme-sections.ts'
import { startWatchedSystem, visit, type WatchedSystem } from '../prometheus/testing/watched-system.ts'
import type { PanelSpec } from './dashboard-spec.ts'
import { fillIn, metricsOf } from './promql-metrics.ts'
import { DASHBOARDS } from './registry.ts'

const run = promisify(execFile)
const PROJECT = fileURLToPath(new URL('..', import.meta.url))
const WINDOW_SECONDS = 180
const VISITORS = 4
const panels = DASHBOARDS.flatMap(({ title, rows }) =>
  rows.flatMap(({ panels: some }) => some.map((panel) => [`${title}: ${panel.title}`, panel] as const)),
)

const hasPrometheus = findPrometheus() !== null
const whyNot = 'there is no prometheus: install it (Debian: prometheus, prometheus-alertmanager)'
let watched: WatchedSystem
let prometheus: Prometheus
let unfollow: () => void

async function ask(path: string, parameters: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${prometheus.url}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  })
  const answer = (await response.json()) as { status: string; error?: string; data: unknown }
  if (answer.status !== 'success') throw new Error(`${JSON.stringify(parameters)}: ${answer.error}`)
  return answer.data
}

/** Every value of the last minutes. */
async function valuesOf(promql: string): Promise<number[]> {
  const now = Date.now() / 1_000
  const range = { start: String(now - WINDOW_SECONDS), end: String(now), step: '2' }
  const data = await ask('query_range', { query: fillIn(promql), ...range })
  const { result } = data as { result: { values: [number, string][] }[] }
  return result.flatMap(({ values }) => values.map(([, value]) => Number(value)))
}

/** People come and redeem for as long as this works. */
async function visitWhile(work: Promise<unknown>): Promise<void> {
  let isOver = false
  const end = work.finally(() => {
    isOver = true
  })
  const visitor = async () => {
    while (!isOver) {
      await visit(watched.system, watched.activityId)
      await sleep(100)
    }
  }
  await Promise.all([end, ...Array.from({ length: VISITORS }, visitor)])
}

function bench(): Promise<unknown> {
  const args = ['--import', 'tsx', 'loadtests/cli.ts', 'bench', '--modes', 'none', '--rounds', '1', '--duration', '1']
  return run(process.execPath, [...args, '--out', watched.directory.path, '--push-to', prometheus.url], {
    cwd: PROJECT,
  })
}

beforeAll(async () => {
  if (!hasPrometheus) return
  watched = await startWatchedSystem()
  prometheus = await startPrometheus({ directory: watched.directory, intervalSeconds: 1 })
  unfollow = await followTargets(watched.system, prometheus)
  // What happens before the first scrape is in no rate.
  while ((await valuesOf('count(up == 1)')).at(-1) !== watched.system.metrics_urls.length) await sleep(200)
  // An interrupted or failed bench still was a load; what it said is looked at elsewhere.
  await visitWhile(bench().catch((error: { code?: number }) => expect(error.code).toBe(3)))
}, 180_000)

afterAll(async () => {
  unfollow?.()
  await prometheus?.stop()
  await watched?.stop()
})

describe('on a system under load', () => {
  test('each process is scraped, also both servers of one port', async (context) => {
    if (!hasPrometheus) context.skip(whyNot)
    const askUp = async () => {
      const data = (await ask('query', { query: 'count by (job) (up == 1)' })) as {
        result: { metric: { job: string }; value: [number, string] }[]
      }
      return Object.fromEntries(data.result.map(({ metric, value }) => [metric.job, value[1]]))
    }
    // A process that was held up for a second is missing in one scrape.
    await expect.poll(askUp).toEqual({ server: '2', worker: '1', scheduler: '1' })
  })

  test('what each process exposes is clean to promtool', async (context) => {
    const promtool = findProgram(['promtool'])
    if (!hasPrometheus || promtool === null) return context.skip(whyNot)
    for (const input of await watched.readExpositions()) {
      const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' })
      expect(`${stdout}${stderr}`).toBe('')
      expect(status).toBe(0)
    }
  })

  test('the tables of prometheus/README.md are what is there (npm run metrics)', async (context) => {
    if (!hasPrometheus) context.skip(whyNot)
    const metrics = describeMetrics(await watched.readExpositions())
    const readme = readReadme()
    expect(replaceSection(replaceSection(readme, 'alerts', describeAlerts()), 'metrics', metrics)).toBe(readme)
  })

  test('every rule and alert can be computed', async (context) => {
    if (!hasPrometheus) context.skip(whyNot)
    const response = await fetch(`${prometheus.url}/api/v1/rules`)
    const { data } = (await response.json()) as { data: { groups: { rules: { name: string; health: string }[] }[] } }
    const rules = data.groups.flatMap((group) => group.rules)
    expect(rules.length).toBeGreaterThan(30)
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
  })

  test('every metric of dashboards, rules and alerts exists', async (context) => {
    if (!hasPrometheus) context.skip(whyNot)
    const exposed = (await watched.readExpositions()).flatMap((text) =>
      [...text.matchAll(/^# TYPE (\S+)/gm)].flatMap(([, name]) => [
        name,
        `${name}_bucket`,
        `${name}_sum`,
        `${name}_count`,
      ]),
    )
    const names = (await (await fetch(`${prometheus.url}/api/v1/label/__name__/values`)).json()) as { data: string[] }
    const rules = [...readRules('rules'), ...readRules('alerts')]
    const recorded = rules.flatMap(({ record }) => record ?? [])
    const known = new Set([...exposed, ...names.data, ...recorded, 'ALERTS'])
    const used = [
      ...rules.map(({ expr }) => expr),
      ...panels.flatMap(([, panel]) => panel.queries.map(([, one]) => one)),
    ]
    const unknown = used.flatMap((promql) => [...metricsOf(fillIn(promql))]).filter((name) => !known.has(name))
    expect([...new Set(unknown)].filter((name) => !name.startsWith('k6_'))).toEqual([])
  })

  test.for(panels)('%s has data', async ([, panel], context) => {
    if (!hasPrometheus) context.skip(whyNot)
    expect(await countNonzero(panel, (promql) => !promql.includes('k6_'))).toBeGreaterThan(panel.isZeroHealthy ? -1 : 0)
  })

  test('the load test shows a run of k6 as well', async (context) => {
    const k6 = await findK6().catch(() => null)
    if (!hasPrometheus || k6 === null) return context.skip(hasPrometheus ? 'there is no k6: npm run setup:k6' : whyNot)
    const { system, directory } = watched
    const output = ['--tag', 'testid=k6-here', '-o', 'experimental-prometheus-rw']
    const script = `${PROJECT}loadtests/k6/standalone.ts`
    const settings = {
      REDLINE_URL: system.url,
      CODE: system.sample_code,
      DURATION: '5',
      K6_PROMETHEUS_RW_SERVER_URL: `${prometheus.url}/api/v1/write`,
      K6_PROMETHEUS_RW_PUSH_INTERVAL: '1s',
    }
    await run(k6.command, [...k6.args, 'run', '--quiet', ...output, script], {
      cwd: directory.path,
      env: { ...process.env, ...settings },
      // 99: a threshold was missed, which on a busy machine is no fault of a dashboard's.
    }).catch((error: { code?: number }) => expect(error.code).toBe(99))
    const clients = panels.filter(([, panel]) => panel.queries.some(([, promql]) => promql.includes('k6_')))
    expect(clients.length).toBeGreaterThan(2)
    for (const [name, panel] of clients)
      if (!panel.isZeroHealthy)
        expect([name, await countNonzero(panel, (promql) => promql.includes('k6_'))]).not.toEqual([name, 0])
  })
})

/** A query that Prometheus refuses throws. */
async function countNonzero({ queries }: PanelSpec, isWanted: (promql: string) => boolean): Promise<number> {
  const wanted = queries.map(([, promql]) => promql).filter(isWanted)
  const values = (await Promise.all(wanted.map(valuesOf))).flat()
  return values.filter((value) => Number.isFinite(value) && value !== 0).length
}
