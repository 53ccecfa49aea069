import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readCompose } from '../compose/testing/read-compose.ts'
import { readRunbook } from '../prometheus/read-rules.ts'
import { DATASOURCE } from './build-panel.ts'
import { fillIn, metricsOf } from './promql-metrics.ts'
import { renderDashboards } from './render-dashboards.ts'

interface Panel {
  id: number
  type: string
  title: string
  description?: string
  gridPos: { x: number; y: number; w: number; h: number }
  datasource?: object
  fieldConfig?: { defaults: { unit?: string } }
  targets?: { refId: string; expr: string; legendFormat: string; datasource: object }[]
  links?: { url: string }[]
}
interface Dashboard {
  uid: string
  title: string
  panels: Panel[]
  links: { type: string; tags: string[] }[]
  templating: { list: { name: string; type: string; query: unknown }[] }
  annotations: { list: { expr: string }[] }
}

const FOLDER = new URL('json/', import.meta.url)
const committed = readdirSync(FOLDER).sort()
const dashboards = committed.map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Dashboard)
const cells = ({ x, y, w, h }: Panel['gridPos']) =>
  Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`)

test('what is committed is what the sources make (npm run dashboards)', () => {
  const made = renderDashboards()
  expect(committed).toEqual([...made.keys()].sort())
  for (const [name, text] of made) expect(readFileSync(new URL(name, FOLDER), 'utf8')).toBe(text)
})

test('each dashboard has a uid and a title of its own', () => {
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length)
  expect(new Set(dashboards.map(({ title }) => title)).size).toBe(dashboards.length)
})

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))('%s', (_, dashboard) => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')

  test('panels have ids of their own, lie within 24 columns and do not overlap', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    const taken = dashboard.panels.flatMap(({ gridPos }) => cells(gridPos))
    expect(new Set(taken).size).toBe(taken.length)
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    // Four columns of a laptop's 1 280 pixels hold a number, six a chart.
    for (const { type, gridPos } of panels) expect(gridPos.w).toBeGreaterThanOrEqual(type === 'stat' ? 4 : 6)
  })

  test('one variable names the data source of everything', () => {
    const sources = dashboard.templating.list.filter(({ type }) => type === 'datasource')
    expect(sources.map(({ name, query }) => [name, query])).toEqual([['datasource', 'prometheus']])
    for (const panel of panels)
      for (const source of [panel.datasource, ...(panel.targets ?? []).map(({ datasource }) => datasource)])
        expect(source).toEqual(DATASOURCE)
  })

  test('it leads to the others', () => {
    expect(dashboard.links).toMatchObject([{ type: 'dashboards', tags: ['redline'] }])
  })

  test.each(panels.map((panel) => [panel.title, panel] as const))('%s', (_title, panel) => {
    expect(panel.description).toMatch(/\.$/)
    expect(panel.fieldConfig?.defaults.unit).toBeTruthy()
    const targets = panel.targets ?? []
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
    expect(targets.length).toBeGreaterThan(0)
    for (const { expr, legendFormat } of targets) {
      expect(metricsOf(fillIn(expr)).size).toBeGreaterThan(0)
      expect(legendFormat).toBeTruthy()
    }
    for (const { url } of panel.links ?? []) {
      const alert = /^\$\{runbooks\}\/(\w+)\.md$/.exec(url)?.[1] ?? url
      expect(readRunbook(alert)).toContain('## Mitigation')
    }
  })

  test('every variable of its queries is one of its own', () => {
    const known = dashboard.templating.list.map(({ name }) => name)
    const queries = JSON.stringify([panels, dashboard.annotations])
    const used = [...queries.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? '')
    for (const name of new Set(used)) if (name !== '__rate_interval') expect(known).toContain(name)
  })

  test('its annotations are PromQL', () => {
    for (const { expr } of dashboard.annotations.list) expect(metricsOf(fillIn(expr)).size).toBeGreaterThan(0)
  })
})

test.each(['dashboards/redline.yml', 'datasources/prometheus.yml', 'traces/jaeger.yml'])(
  'provisioning/%s is for this Grafana',
  (name) => {
    const text = readFileSync(new URL(`provisioning/${name}`, import.meta.url), 'utf8')
    expect(parse(text)).toMatchObject({ apiVersion: 1 })
  },
)

test('an exemplar leads to the trace backend that the overlay provisions', () => {
  const read = (name: string) =>
    parse(readFileSync(new URL(`provisioning/${name}`, import.meta.url), 'utf8')).datasources
  const [prometheus] = read('datasources/prometheus.yml')
  const [jaeger] = read('traces/jaeger.yml')
  expect(prometheus.jsonData.exemplarTraceIdDestinations).toEqual([{ name: 'trace_id', datasourceUid: jaeger.uid }])
  const { services } = readCompose(['compose.yaml', 'compose.tracing.yaml'])
  const mounted = services['grafana']?.volumes?.find((volume) => volume.includes('traces/jaeger.yml'))
  expect(mounted).toMatch(/:\/etc\/grafana\/provisioning\/datasources\//)
  const { host } = new URL(jaeger.url)
  expect(Object.keys(services)).toContain(host.split(':')[0])
})
