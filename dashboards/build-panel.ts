import {
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { PanelSpec } from './dashboard-spec.ts'

/** The one that the variable of every dashboard names. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

export function buildPanel(spec: PanelSpec): StatBuilder | TimeseriesBuilder {
  const panel = spec.kind === 'stat' ? createStat(spec) : createTimeseries(spec)
  panel
    .title(spec.title)
    .description(describe(spec))
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .thresholds(buildThresholds(spec))
    .links((spec.runbooks ?? []).map(linkRunbook))
  spec.queries.forEach(([legend, promql], index) => {
    const refId = String.fromCharCode('A'.charCodeAt(0) + index)
    const query = new DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(promql).legendFormat(legend)
    if (spec.kind === 'stat') query.instant()
    panel.withTarget(spec.hasExemplars ? query.exemplar(true) : query)
  })
  return panel
}

function describe({ description, isZeroHealthy }: PanelSpec): string {
  return isZeroHealthy ? `${description} Zero, or nothing, is healthy.` : description
}

function createTimeseries({ isStacked, max }: PanelSpec): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .min(0)
    .fillOpacity(isStacked ? 30 : 8)
    .spanNulls(false)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  if (max !== undefined) panel.max(max)
  if (isStacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  return panel
}

/** What is now: the last value of a range would also be that of a series that ended, such as an alert that is over. */
function createStat({ isZeroHealthy }: PanelSpec): StatBuilder {
  const panel = new StatBuilder()
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
  return isZeroHealthy ? panel.noValue('0') : panel
}

function buildThresholds({ redFrom, redBelow }: PanelSpec): ThresholdsConfigBuilder {
  const steps =
    redBelow === undefined
      ? [{ value: null, color: 'green' }, ...(redFrom === undefined ? [] : [{ value: redFrom, color: 'red' }])]
      : [
          { value: null, color: 'red' },
          { value: redBelow, color: 'green' },
        ]
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps)
}

function linkRunbook(alert: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(`Runbook: ${alert}`)
    .type(DashboardLinkType.Link)
    .url(`\${runbooks}/${alert}.md`)
    .targetBlank(true)
}
