import { styleText } from 'node:util'
import { formatNumber } from '../analysis/format.ts'
import type { History, Series } from '../compare-file.ts'
import { cell, table } from './markdown-parts.ts'
import { createPlainTable } from './plain-table.ts'
import { wrap } from './wrap.ts'

const WIDTH = 120
const ABSENT = '–'
type Style = Parameters<typeof styleText>[0]

/** Several runs: a line of bars for each figure, with a mark where it reached another level. */
export function renderHistory(history: History, options: { colour: boolean }): string {
  const paint = (style: Style, text: string) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const rows = createPlainTable({
    head: ['mode', 'figure', 'first', 'last', 'over time', 'changed at'].map((column) => paint('dim', column)),
    colAligns: ['left', 'left', 'right', 'right', 'left', 'left'],
  })
  for (const series of history.series) rows.push(seriesCells(series, history))
  return [
    ...wrap(history.verdict, WIDTH).map((line) => paint('bold', line)),
    ...history.warnings.flatMap((warning) => wrap(`! ${warning}`, WIDTH)).map((line) => paint('yellow', line)),
    '',
    rows.toString(),
  ]
    .join('\n')
    .replace(/ +$/gm, '')
}

export function renderHistoryMarkdown(history: History): string {
  const head = ['mode', 'figure', 'first', 'last', 'over time', 'changed at']
  const rows = history.series.map((series) => seriesCells(series, history))
  const warnings = history.warnings.map((warning) => `- ⚠ ${cell(warning)}`)
  return `${[`**${cell(history.verdict)}**`, ...warnings, table(head, rows)].join('\n\n')}\n`
}

function seriesCells({ mode, figure, unit, values, changes }: Series, { runs }: History): string[] {
  const at = changes.map((index) => runs[index]?.run_id ?? String(index)).join(', ')
  return [
    mode,
    `${figure} ${unit}`,
    formatNumber(values[0] ?? null),
    formatNumber(values.at(-1) ?? null),
    drawSeries(values, changes),
    at || ABSENT,
  ]
}

const BARS = '▁▂▃▄▅▆▇█'

/** From the least value to the greatest one; `|` where a new level begins. */
export function drawSeries(values: readonly (number | null)[], changes: readonly number[]): string {
  const known = values.filter((value) => value !== null)
  const [least, most] = [Math.min(...known), Math.max(...known)]
  const bar = (value: number | null) => {
    if (value === null) return ' '
    return BARS[most === least ? 3 : Math.round(((value - least) / (most - least)) * (BARS.length - 1))] ?? ' '
  }
  return values.map((value, index) => `${changes.includes(index) ? '|' : ''}${bar(value)}`).join('')
}
