import { styleText } from 'node:util'
import type { CapacityRun, CapacitySummary } from '../../capacity/capacity-file.ts'
import { drawTextBars } from '../charts/text-bars.ts'
import { drawTextChart } from '../charts/text-chart.ts'
import { createPlainTable, renderPlainTable } from '../plain-table.ts'
import { lawLines } from '../report-rows.ts'
import { wrap } from '../wrap.ts'
import {
  COLUMNS_EXPLAINED,
  capacityRows,
  doubtLines,
  evidenceLines,
  latencyPoints,
  type Rows,
  readablePoints,
  searchLine,
  spreadRows,
  usePictures,
} from './capacity-rows.ts'
import { SIGNS_EXPLAINED, trialsPicture } from './trials-picture.ts'

const WIDTH = 120

/** The whole outcome, the verdict last so that it stays in sight. */
export function renderCapacityTerminal(
  run: CapacityRun,
  summary: CapacitySummary,
  options: { colour: boolean },
): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const dim = (line: string) => wrap(line, WIDTH).map((part) => paint('dim', part))
  return [
    ...dim(searchLine(run)),
    ...pictures(run, summary),
    tableOf(capacityRows(summary)),
    ...dim(COLUMNS_EXPLAINED),
    ...doubtLines(summary)
      .flatMap((line) => wrap(`* ${line}`, WIDTH))
      .map((line) => paint('yellow', line)),
    ...usePictures({ results: resultsOfFirstGoal(run, summary) }).flatMap((chart) => [drawTextBars(chart), '']),
    ...evidenceLines(summary).flatMap((line) => wrap(line, WIDTH)),
    ...(summary.spreads.length > 0 ? ['', tableOf(spreadRows(summary.spreads))] : []),
    ...lawLines(summary).flatMap(dim),
    '',
    ...wrap(summary.verdict, WIDTH).map((line) => paint('bold', line)),
  ].join('\n')
}

/** Of the first search of each mode: its trials, and the latency against the load. */
function pictures({ search }: CapacityRun, summary: CapacitySummary): string[] {
  const mostMs = Math.max(...search.goals.map(({ most_ms }) => most_ms))
  const first = summary.results.filter((one) => one.search === 1)
  const modes = [...new Set(first.map(({ mode }) => mode))]
  return modes.flatMap((mode) => {
    const goals = first.filter((one) => one.mode === mode)
    const points = readablePoints(latencyPoints(summary, mode), mostMs)
    const chart = drawTextChart({
      measured: points,
      model: [],
      xLabel: search.loop === 'open' ? 'people per second' : 'connections',
      yLabel: `${mode}: p99 in ms`,
    })
    return [
      '',
      ...goals.flatMap((goal) => [
        `${mode}, ${goal.goal}: every trial at its load`,
        trialsPicture(goal, summary.trials, search.loop),
      ]),
      ...wrap(SIGNS_EXPLAINED, WIDTH),
      ...(points.length > 1 ? ['', chart] : []),
      '',
    ]
  })
}

/** A picture for each goal of each mode would fill several screens; the page has them all. */
function resultsOfFirstGoal({ search }: CapacityRun, { results }: CapacitySummary): CapacitySummary['results'] {
  return results.filter(({ goal }) => goal === search.goals[0]?.name)
}

function tableOf({ columns, rows }: Rows): string {
  const table = createPlainTable({ head: [...columns] })
  for (const row of rows) table.push([...row])
  return renderPlainTable(table)
}
