import { formatBytes, formatCount, formatNumber } from '../../analysis/format.ts'
import { trialsOf } from '../../analysis/summarise.ts'
import { headlineOf } from '../../analysis/verdict-sentence.ts'
import { type CpuByKind, cpuPerRedemption, SYSTEM_KINDS } from '../../analysis/work-per-redemption.ts'
import { CAUSES, type Cause, type Result, type Run, type Summary } from '../../run-file.ts'
import { axisEnd, stackedTrack, trackAxis } from '../charts/bar-track.ts'
import { type Html, html } from '../html.ts'
import { NO_COST } from '../report-rows.ts'
import { modeName, scrollable, section } from './section.ts'

const CAPTION =
  'What one redemption uses up. Counts do not depend on the speed of the machine; CPU does. ' +
  'Accept: until the 202. Drain: from the ledger to the handed-over mail. Mail sink and load generator are not counted; a dash is not known.'

interface Cost {
  result: Result
  accept: CpuByKind
  drain: CpuByKind
}

export function cost(run: Run, summary: Summary): Html {
  if (headlineOf(summary.results) === 'answered') return section('cost', 'Cost of one redemption', NO_COST, [])
  const costs = summary.results
    .filter((result) => result.work_per_redemption !== null)
    .map((result): Cost => ({ result, ...cpuPerRedemption(trialsOf(run, result)) }))
  if (costs.length === 0)
    return section('cost', 'Cost of one redemption', CAPTION, html`<p class="absent">Nothing was counted.</p>`)
  const max = axisEnd(Math.max(...costs.flatMap(({ accept, drain }) => [total(accept), total(drain)]), 0.001))
  return section('cost', 'Cost of one redemption', CAPTION, [
    html`<p class="legend">${SYSTEM_KINDS.map((kind) => html`<span class="mode k-${kind}"><i></i>${kind}</span>`)}</p>`,
    html`<div class="bars">${costs.map((entry) => cpuRow(entry, max))}
      <div class="bar-row"><span></span>${trackAxis(max, 'ms', (tick) => String(Number(tick.toPrecision(3))))}<span></span></div>
    </div>`,
    scrollable(costTable(costs)),
  ])
}

function cpuRow({ result, accept, drain }: Cost, max: number): Html {
  const work = result.work_per_redemption
  return html`<div class="bar-row">
    <div>${modeName(result.mode)}</div>
    <div class="tracks">${stackedTrack(segments(accept), max)}${stackedTrack(segments(drain), max)}</div>
    <div class="figures"><p><b>${formatNumber(work?.accept_cpu_ms ?? null)}</b> ms <small>CPU to accept</small></p><p><b>${formatNumber(work?.drain_cpu_ms ?? null)}</b> ms <small>CPU to drain</small></p></div>
  </div>`
}

function segments(cpu: CpuByKind) {
  return SYSTEM_KINDS.filter((kind) => (cpu[kind] ?? 0) > 0).map((kind) => ({
    size: cpu[kind] ?? 0,
    className: `k-${kind} part`,
    title: `${kind} ${formatNumber(cpu[kind] ?? 0)} ms`,
  }))
}

function costTable(costs: readonly Cost[]): Html {
  const group = (title: string, columns: number) => html`<th colspan="${columns}" class="group">${title}</th>`
  const causes = CAUSES.map((cause, index) => html`<th class="${index === 0 ? 'first' : ''}">${cause}</th>`)
  return html`<table>
    <thead><tr class="groups"><th>per redemption</th>${group('Redis round trips', 3)}${group('Redis commands', 3)}${group('SQL statements', 3)}${group('WAL', 2)}${group('CPU ms', 3)}</tr>
    <tr><th></th>${causes}${causes}${causes}<th class="first">bytes</th><th>full pages</th><th class="first">accept</th><th>drain</th><th>ratio</th></tr></thead>
    <tbody>${costs.map(({ result }) => costRow(result))}</tbody></table>`
}

function costRow(result: Result): Html {
  const work = result.work_per_redemption
  if (!work) return html``
  const { accept_cpu_ms: accept, drain_cpu_ms: drain } = work
  const ratio = accept && drain !== null ? `${formatNumber(drain / accept)} ×` : '–'
  return html`<tr><th>${modeName(result.mode)}</th>
    ${causeCells(work.redis_round_trips)}${causeCells(work.redis_commands)}${causeCells(work.sql_statements)}
    <td class="first">${formatBytes(work.wal_bytes)}</td><td>${formatBytes(work.wal_full_page_bytes)}</td>
    <td class="first">${formatNumber(accept)}</td><td>${formatNumber(drain)}</td><td>${ratio}</td></tr>`
}

function causeCells(counts: Record<Cause, number>): Html[] {
  return CAUSES.map(
    (cause, index) => html`<td class="${index === 0 ? 'first' : ''}">${formatCount(counts[cause])}</td>`,
  )
}

function total(cpu: CpuByKind): number {
  return SYSTEM_KINDS.reduce((sum, kind) => sum + (cpu[kind] ?? 0), 0)
}
