import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  AnnotationQueryBuilder,
  ConstantVariableBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { buildPanel, DATASOURCE } from './build-panel.ts'
import type { AnnotationSpec, DashboardSpec, PanelSpec, VariableName } from './dashboard-spec.ts'

const COLUMNS = 24
const DEFAULT_WIDTH = 8
const HEIGHT = { timeseries: 8, stat: 5 } as const

/** Where runbooks are read: `prometheus --web.user-assets=runbooks` serves them there. */
const RUNBOOKS = 'http://127.0.0.1:9090/user'

/** What each variable asks the data source for. */
const VARIABLES: Record<VariableName, { label: string; query: string }> = {
  mode: { label: 'limiter mode', query: 'label_values(redline_build_info, mode)' },
  instance: { label: 'process', query: 'label_values(process_start_time_seconds, instance)' },
  run: {
    label: 'run',
    query: 'label_values({__name__=~"redline_load_requests_total|k6_http_reqs_total"}, testid)',
  },
}

export function buildDashboard(spec: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['redline'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-15m', to: 'now' })
    .refresh('5s')
    .timezone('browser')
    .variables(buildVariables(spec.variables))
    .annotations((spec.annotations ?? []).map(buildAnnotation))
    .link(
      new DashboardLinkBuilder('Redline')
        .type(DashboardLinkType.Dashboards)
        .tags(['redline'])
        .asDropdown(false)
        .keepTime(true)
        .includeVars(true),
    )
  addRows(builder, spec)
  return builder.build()
}

function buildVariables(names: readonly VariableName[]): Builder<VariableModel>[] {
  const variables = names.map((name) =>
    new QueryVariableBuilder(name)
      .label(VARIABLES[name].label)
      .datasource(DATASOURCE)
      .query(VARIABLES[name].query)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalDesc)
      .multi(true)
      .includeAll(true)
      .allValue('.*')
      .current({ text: 'All', value: '$__all' }),
  )
  const datasource = new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus')
  const runbooks = new ConstantVariableBuilder('runbooks').value(RUNBOOKS)
  return [datasource, ...variables, runbooks]
}

function buildAnnotation({ name, color, promql, title, isValueTime = false }: AnnotationSpec) {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .expr(promql)
    .titleFormat(title)
    .step('5s')
    .useValueForTime(isValueTime)
}

/** Lays panels out from left to right; what does not fit any more begins a new line. */
function addRows(builder: DashboardBuilder, { rows }: DashboardSpec): void {
  let id = 1
  let y = 0
  for (const { title, panels } of rows) {
    builder.withRow(new RowBuilder(title).id(id++).gridPos({ h: 1, w: COLUMNS, x: 0, y: y++ }))
    let [x, lineHeight] = [0, 0]
    for (const panel of panels) {
      const { w, h } = sizeOf(panel)
      if (x + w > COLUMNS) [x, y, lineHeight] = [0, y + lineHeight, 0]
      builder.withPanel(buildPanel(panel).id(id++).gridPos({ x, y, w, h }))
      x += w
      lineHeight = Math.max(lineHeight, h)
    }
    y += lineHeight
  }
}

function sizeOf({ kind = 'timeseries', width = DEFAULT_WIDTH }: PanelSpec) {
  return { w: width, h: HEIGHT[kind] }
}
