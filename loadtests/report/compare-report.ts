import { styleText } from 'node:util'
import { percent } from '../analysis/comparison-verdict.ts'
import { formatCount, formatDetectable, formatNumber } from '../analysis/format.ts'
import type { Row, RunComparison } from '../compare-file.ts'
import { cell, table as markdownRows } from './markdown-parts.ts'
import { createPlainTable } from './plain-table.ts'
import { wrap } from './wrap.ts'

const WIDTH = 120
const ABSENT = '–'
type Style = Parameters<typeof styleText>[0]

const STYLES: Readonly<Record<Row['verdict'], Style>> = {
  worse: ['bold', 'red'],
  better: ['bold', 'green'],
  'maybe worse': 'yellow',
  'maybe better': 'yellow',
  'no difference seen': 'dim',
  'the same': 'dim',
  'too few rounds': 'yellow',
}

const COLUMNS = ['mode', 'figure', 'before', 'after', 'change (95 %)', 'would have\nbeen seen', 'verdict'] as const

const EXPLAINED =
  'Change: × = held against the ceiling of the same rounds, so that a machine of another speed is no change; 95 % interval ' +
  'by studentised bootstrap over whole rounds. Would have been seen: in 80 % of such comparisons. The verdicts count as ' +
  'one: all together raise a false alarm in at most 5 % of comparisons; maybe: only seen by itself. (…): shown, decides nothing.'

/** The comparison in at most 120 columns, its verdict on top. */
export function renderComparison(comparison: RunComparison, options: { colour: boolean }): string {
  const paint = (style: Style, text: string) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const table = createPlainTable({
    head: COLUMNS.map((column) => paint('dim', column)),
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
  })
  for (const row of comparison.rows) {
    const cells = cellsOf(row)
    table.push([...cells.slice(0, -1), paint(STYLES[row.verdict], cells.at(-1) ?? '')])
  }
  return [
    ...wrap(comparison.verdict, WIDTH).map((line) => paint('bold', line)),
    paint('dim', `${comparison.first.run_id} → ${comparison.second.run_id}`),
    ...comparison.warnings.flatMap((warning) => wrap(`! ${warning}`, WIDTH)).map((line) => paint('yellow', line)),
    '',
    table.toString(),
    ...wrap(EXPLAINED, WIDTH).map((line) => paint('dim', line)),
  ]
    .join('\n')
    .replace(/ +$/gm, '')
}

/** For a pull request: the verdict, what changed, and the rest folded away. */
export function renderComparisonMarkdown(comparison: RunComparison): string {
  const changed = comparison.rows.filter(({ verdict }) => verdict !== 'the same' && verdict !== 'no difference seen')
  const rest = comparison.rows.filter((row) => !changed.includes(row))
  return `${[
    `### Redline: ${comparison.outcome}`,
    `**${cell(comparison.verdict)}**`,
    `\`${comparison.first.run_id}\` → \`${comparison.second.run_id}\``,
    ...comparison.warnings.map((warning) => `- ⚠ ${cell(warning)}`),
    ...(changed.length > 0 ? [markdownTable(changed)] : []),
    ...(rest.length > 0
      ? [
          `<details><summary>${rest.length} figures without a difference</summary>\n\n${markdownTable(rest)}\n\n</details>`,
        ]
      : []),
    EXPLAINED,
  ].join('\n\n')}\n`
}

function markdownTable(rows: readonly Row[]): string {
  return markdownRows(COLUMNS, rows.map(cellsOf))
}

function cellsOf(row: Row): string[] {
  const number = (value: number | null) =>
    value === null ? ABSENT : row.kind === 'counted' ? formatCount(value) : formatNumber(value)
  const verdict = row.judged ? row.verdict : `(${row.verdict})`
  return [
    row.mode,
    `${row.figure}${unitOf(row)}`,
    number(row.first),
    number(row.second),
    changeOf(row),
    formatDetectable(row.detectable),
    verdict,
  ]
}

function unitOf({ unit, kind }: Row): string {
  return kind === 'counted' || unit === '/s' ? '' : ` ${unit}`
}

function changeOf({ ratio, kind, first, second, reference }: Row): string {
  if (kind === 'counted') {
    const change = (second ?? 0) - (first ?? 0)
    return Math.abs(change) < 0.005 ? '0' : `${change > 0 ? '+' : '−'}${formatCount(Math.abs(change))}`
  }
  if (ratio === null) return ABSENT
  const bounds = ratio.low === null || ratio.high === null ? '' : ` (${percent(ratio.low)} to ${percent(ratio.high)})`
  return `${percent(ratio.estimate)}${bounds}${reference === 'ceiling' ? ' ×' : ''}`
}
