import { formatBytes, formatCount, formatNumber } from '../analysis/format.ts'
import { invariantVerdict } from '../analysis/merge-invariants.ts'
import { headlineOf } from '../analysis/verdict-sentence.ts'
import type { Latencies, Result, Run, Summary } from '../run-file.ts'
import { meterLine } from './calibration-report.ts'
import { bullets, cell, environmentSections, table } from './markdown-parts.ts'
import { PAIRS_EXPLAINED, pairTable, stopLine } from './pair-rows.ts'
import {
  GATE_NAMES,
  gateValue,
  invariantLines,
  lawLines,
  modeTable,
  NO_COST,
  planLine,
  STEP_NAMES,
  validityLines,
} from './report-rows.ts'

/** The report as markdown, for a pull request or a wiki. */
export function renderMarkdown(run: Run, summary: Summary): string {
  const modes = modeTable(run, summary.results)
  const sections = [
    `# Redline ${run.command}: ${run.run_id}`,
    `**${cell(summary.verdict)}**`,
    planLine(run),
    run.environment.notes.map(cell).join(' '),
    '## Modes side by side',
    table(
      [...modes.columns],
      modes.rows.map((cells) => [...cells]),
    ),
    modes.explained,
    bullets([...invariantLines(summary.results), ...validityLines(summary.results).map((line) => `\\* ${line}`)]),
    ...pairSection(run, summary),
    '## Latency in milliseconds',
    latencyTable(summary.results),
    '## Cost of one redemption',
    costTable(summary.results),
    '## Targets',
    table(
      ['target', 'wanted', 'got', 'verdict', 'why'],
      summary.targets.map((target) => [target.name, target.wanted, target.got, target.verdict, target.why ?? '']),
    ),
    '## Can it be believed?',
    gateTable(summary.results),
    cell(meterLine(run.calibration)),
    lawLines(summary).map(cell).join('\n'),
    '## Invariants: how many ids were examined',
    invariantTable(summary.results),
    ...environmentSections(run),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function pairSection(run: Run, { pairs }: Summary): string[] {
  if (pairs.length === 0) return []
  const { columns, rows } = pairTable(pairs)
  return ['## Each two modes', table(columns, rows), [PAIRS_EXPLAINED, ...stopLine(run)].join(' ')]
}

function latencyTable(results: readonly Result[]): string {
  const rows = results.flatMap((result) => [
    latencyRow(`${result.mode}, drain paused`, result.latency_ms),
    ...result.steps.map(({ step, latency_ms: latency }) =>
      latencyRow(`${result.mode}, ${STEP_NAMES[step] ?? step}`, latency),
    ),
    latencyRow(`${result.mode}, drain running`, result.with_drain?.latency_ms ?? null),
    latencyRow(`${result.mode}, accepted → mail`, result.end_to_end_ms),
  ])
  return table(
    ['', 'p50', 'p95', 'p99', 'p99.9', 'max'],
    rows.filter((row) => row !== null),
  )
}

function latencyRow(name: string, latencies: Latencies | null): string[] | null {
  if (!latencies) return null
  const { p50, p95, p99, p999, max } = latencies
  return [name, ...[p50, p95, p99, p999, max].map(formatNumber)]
}

function costTable(results: readonly Result[]): string {
  if (headlineOf(results) === 'answered') return NO_COST
  const rows = results.flatMap(({ mode, work_per_redemption: work }) => {
    if (!work) return []
    const causes = (counts: { request: number; ledger: number; job: number }) =>
      [counts.request, counts.ledger, counts.job].map(formatCount).join(' / ')
    const bytes = `${formatBytes(work.wal_bytes)} (${formatBytes(work.wal_full_page_bytes)})`
    const cpu = [formatNumber(work.accept_cpu_ms), formatNumber(work.drain_cpu_ms)]
    return [
      [mode, causes(work.redis_round_trips), causes(work.redis_commands), causes(work.sql_statements), bytes, ...cpu],
    ]
  })
  const head = ['mode', 'Redis round trips', 'Redis commands', 'SQL statements', 'WAL (full pages)']
  return `${table([...head, 'CPU ms accept', 'CPU ms drain'], rows)}\n\nCounts are request / ledger / job.`
}

function gateTable(results: readonly Result[]): string {
  const rows = Object.entries(GATE_NAMES).map(([name, told]) => [
    told,
    ...results.map(({ gates }) => {
      const gate = gates.find((candidate) => candidate.name === name)
      if (!gate || gate.verdict === 'not known') return '–'
      return `${gate.verdict === 'pass' ? '' : `**${gate.verdict}** `}${gateValue(gate)}`
    }),
  ])
  return table(['gate', ...results.map(({ mode }) => mode)], rows)
}

function invariantTable(results: readonly Result[]): string {
  const modes = results.filter((result) => result.invariants.length > 0)
  const checks = new Map(modes.flatMap((result) => result.invariants).map((check) => [check.number, check.title]))
  const rows = [...checks]
    .sort(([a], [b]) => a - b)
    .map(([number, title]) => [
      `${number}. ${title}`,
      ...modes.map((result) => {
        const check = result.invariants.find((candidate) => candidate.number === number)
        return check ? `${invariantVerdict(check)} (${formatCount(check.examined)})` : '–'
      }),
    ])
  return table(['invariant', ...modes.map((result) => result.mode)], rows)
}
