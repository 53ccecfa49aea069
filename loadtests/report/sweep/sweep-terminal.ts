import { styleText } from 'node:util'
import type { PointsRun } from '../../points/points-file.ts'
import type { SweepSummary } from '../../sweep/sweep-file.ts'
import type { LoadCurve } from '../charts/load-curve.ts'
import { drawTextBars } from '../charts/text-bars.ts'
import { drawTextChart } from '../charts/text-chart.ts'
import { drawTextHeatMap } from '../charts/text-heat-map.ts'
import { createPlainTable, renderPlainTable } from '../plain-table.ts'
import { wrap } from '../wrap.ts'
import { sweepPictures } from './sweep-pictures.ts'
import { findingLines, sweepExplained, sweepLine, sweepTable } from './sweep-rows.ts'

const WIDTH = 120

/** The whole outcome in about 120 columns, the verdict last, so that it stays in sight. */
export function renderSweepTerminal(run: PointsRun, summary: SweepSummary, { colour }: { colour: boolean }): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const lines = (text: string, style: Parameters<typeof styleText>[0]) =>
    wrap(text, WIDTH).map((line) => paint(style, line))
  const pictures = sweepPictures(summary, run.points, run.environment.cores)
  return [
    ...lines(sweepLine(run, summary), 'dim'),
    tableOf(summary),
    ...lines(sweepExplained(summary), 'dim'),
    ...pictures.maps.flatMap((map) => ['', drawTextHeatMap(map)]),
    // Lines of several values would hide each other in plain characters: the map has them all.
    ...(pictures.maps.length > 0 ? [] : pictures.curves.flatMap((curve) => ['', drawCurve(curve)])),
    ...(pictures.stations === null ? [] : ['', drawTextBars(pictures.stations)]),
    '',
    ...findingLines(summary).flatMap((line) => wrap(line, WIDTH)),
    ...summary.warnings.flatMap((warning) => lines(`! ${warning}`, 'yellow')),
    ...lines(summary.verdict, 'bold'),
  ].join('\n')
}

function tableOf(summary: SweepSummary): string {
  const { columns, rows } = sweepTable(summary)
  const table = createPlainTable({
    head: [...columns],
    colAligns: columns.map((_, index) => (index === 0 ? 'left' : 'right')),
  })
  for (const row of rows) table.push([...row])
  return renderPlainTable(table)
}

/** Of several lines the last one is drawn as points: p99, the hold. */
function drawCurve({ title, xLabel, yLabel, series, marks = [] }: LoadCurve): string {
  const shown = series.at(-1)
  const name = series.length > 1 ? `${title}, ${shown?.name}` : title
  return drawTextChart({
    measured: shown?.measured ?? [],
    model: shown?.model ?? [],
    marks,
    xLabel,
    yLabel: `${name}: ${yLabel}`,
  })
}
