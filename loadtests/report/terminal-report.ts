import { styleText } from 'node:util'
import type { Pair, Run, Summary, TargetResult } from '../run-file.ts'
import { meterLine } from './calibration-report.ts'
import { PAIRS_EXPLAINED, pairTable, stopLine } from './pair-rows.ts'
import { createPlainTable } from './plain-table.ts'
import {
  invariantLines,
  lawLines,
  type ModeTable,
  modeTable,
  planLine,
  stepLines,
  validityLines,
} from './report-rows.ts'
import { wrap } from './wrap.ts'

const WIDTH = 120

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

/** True on a terminal that shows colours, unless NO_COLOR says otherwise. */
export function showsColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors()
}

/** The whole outcome in at most 120 columns: modes, targets, and last the verdict, so that it stays in sight. */
export function renderTerminal(run: Run, summary: Summary, options: { colour: boolean }): string {
  const paint: Paint = (style, text) => (options.colour ? styleText(style, text, { validateStream: false }) : text)
  const modes = modeTable(run, summary.results)
  const warnings = [...invariantLines(summary.results), ...validityLines(summary.results).map((line) => `* ${line}`)]
  return [
    paint('dim', planLine(run)),
    ...run.environment.notes.flatMap((note) => wrap(note, WIDTH)).map((line) => paint('dim', line)),
    paintModes(modes, paint),
    ...wrap(modes.explained, WIDTH).map((line) => paint('dim', line)),
    ...stepLines(summary.results).flatMap((line) => wrap(line, WIDTH)),
    ...warnings.flatMap((line) => wrap(line, WIDTH)).map((line) => paint('yellow', line)),
    ...pairLines(run, summary.pairs, paint),
    '',
    ...targetLines(summary.targets, paint),
    ...[meterLine(run.calibration), ...lawLines(summary)]
      .flatMap((line) => wrap(line, WIDTH))
      .map((line) => paint('dim', line)),
    ...wrap(summary.verdict, WIDTH).map((line) => paint('bold', line)),
  ]
    .join('\n')
    .replace(/ +$/gm, '')
}

/** Each two modes; one mode has none. */
function pairLines(run: Run, pairs: readonly Pair[], paint: Paint): string[] {
  const { columns, rows } = pairTable(pairs)
  if (rows.length === 0) return []
  const table = createPlainTable({ head: columns.map((column) => paint('dim', column)) })
  for (const [pair = '', verdict = '', ...rest] of rows) table.push([pair, paint(pairStyle(verdict), verdict), ...rest])
  const explained = [PAIRS_EXPLAINED, ...stopLine(run)].flatMap((line) => wrap(line, WIDTH))
  return ['', table.toString(), ...explained.map((line) => paint('dim', line))]
}

function pairStyle(verdict: string): Style {
  if (verdict === 'faster') return 'green'
  return verdict === 'slower' ? 'red' : 'dim'
}

function paintModes({ columns, rows }: ModeTable, paint: Paint): string {
  const table = createPlainTable({
    head: columns.map((column) => paint('dim', column)),
    colAligns: columns.map((_, index) => (index === 0 ? 'left' : 'right')),
  })
  for (const cells of rows) {
    const invariants = cells.at(-1) ?? ''
    table.push([...cells.slice(0, -1), paint(invariantStyle(invariants), invariants)])
  }
  return table.toString()
}

function invariantStyle(cell: string): Style {
  if (cell.includes('BROKEN')) return ['bold', 'red']
  if (cell.includes(' of ')) return 'yellow'
  return cell.includes('held') ? 'green' : 'dim'
}

/** What was decided as a table; of the rest one line each says why not. */
function targetLines(targets: readonly TargetResult[], paint: Paint): string[] {
  const decided = targets.filter(({ verdict }) => verdict === 'met' || verdict === 'missed')
  const open = targets.filter(({ verdict }) => verdict === 'not measurable here')
  const foreign = targets.filter(({ verdict }) => verdict === 'not applicable')
  const reasons = open.flatMap((target) => wrap(`  ${target.name}: ${target.why ?? 'no reason known'}`, WIDTH))
  const names = wrap(`not applicable to this scenario: ${foreign.map(({ name }) => name).join('; ')}`, WIDTH)
  return [
    ...(decided.length > 0 ? [targetTable(decided, paint), ''] : []),
    ...(open.length > 0 ? ['not measurable here:', ...reasons, ''].map((line) => paint('dim', line)) : []),
    ...(foreign.length > 0 ? [...names, ''].map((line) => paint('dim', line)) : []),
  ]
}

function targetTable(targets: readonly TargetResult[], paint: Paint): string {
  const table = createPlainTable({
    head: ['target', 'wanted', 'got', ''].map((column) => paint('dim', column)),
    colWidths: [42, 33, 31, 8],
  })
  for (const target of targets) {
    const got = target.why === null ? target.got : `${target.got}; ${target.why}`
    const verdict = target.verdict === 'met' ? paint('green', '✓ met') : paint(['bold', 'red'], '✗ missed')
    table.push([target.name, target.wanted, got, verdict])
  }
  return table.toString()
}
