import { formatBounds, formatCount, formatNumber, formatSeconds } from '../../analysis/format.ts'
import { brokenInvariants, invariantVerdict } from '../../analysis/merge-invariants.ts'
import { answersAll, headlineOf, rateOf } from '../../analysis/verdict-sentence.ts'
import type { Result, Run, Summary } from '../../run-file.ts'
import { type Html, html } from '../html.ts'
import { planLine } from '../report-rows.ts'

interface Tile {
  label: string
  value: string
  note: string
  tone: 'good' | 'bad' | 'doubt' | 'plain'
}

/** The verdict in one sentence, and four numbers that carry it. */
export function headline(run: Run, summary: Summary): Html {
  const tiles = [
    run.plan.paced ? fastestTile(summary) : bestTile(summary),
    invariantTile(summary),
    targetTile(summary),
    validityTile(run, summary),
  ]
  const [first = '', ...rest] = summary.verdict.split(/(?<=\.) /)
  return html`<header>
    <p class="overline"><b>Redline</b> ${run.command} · ${run.run_id} · <time>${run.started_at.slice(0, 16).replace('T', ' ')} UTC</time></p>
    <h1>${first}</h1>
    ${rest.length > 0 ? html`<p class="lead">${rest.join(' ')}</p>` : null}
    <p class="plan">${planLine(run)}</p>
    <div class="tiles">${tiles.map(
      (tile) =>
        html`<div class="tile ${tile.tone}"><span>${tile.label}</span><strong>${tile.value}</strong><small>${tile.note}</small></div>`,
    )}</div>
  </header>`
}

function bestTile(summary: Summary): Tile {
  const by = headlineOf(summary.results)
  const label = `${by} most`
  const median = (result: Result) => rateOf(result, by)?.median ?? 0
  const [best] = summary.results
    .filter((result) => result.mode !== 'ceiling' && rateOf(result, by) !== null)
    .filter((result) => brokenInvariants(result).length === 0)
    .sort((a, b) => median(b) - median(a))
  const rate = best && rateOf(best, by)
  if (!best || !rate) return { label, value: '–', note: 'nothing was measured', tone: 'bad' }
  const toCeiling = by === 'answered' ? best.answered_ratio_to_ceiling : best.ratio_to_ceiling
  const ratio = toCeiling ? `, ${formatNumber(toCeiling.median)} × ceiling` : ''
  const note = `${best.mode}, per second (${formatBounds(rate)})${ratio}`
  return { label, value: formatNumber(rate.median), note, tone: 'plain' }
}

/** Where the scenario sets the pace. */
function fastestTile({ results }: Summary): Tile {
  const label = 'shortest p99'
  const [best] = results
    .filter((result) => result.mode !== 'ceiling' && brokenInvariants(result).length === 0 && answersAll(result))
    .flatMap(({ mode, latency_ms: latency }) => (latency ? [{ mode, ...latency }] : []))
    .sort((a, b) => a.p99 - b.p99)
  if (!best) return { label, value: '–', note: 'nothing was measured', tone: 'bad' }
  const note = `${best.mode}; its p50 ${formatNumber(best.p50)} ms`
  return { label, value: `${formatNumber(best.p99)} ms`, note, tone: 'plain' }
}

function invariantTile(summary: Summary): Tile {
  const checks = summary.results.flatMap((result) => result.invariants)
  const count = (verdict: string) => checks.filter((check) => invariantVerdict(check) === verdict).length
  const examined = formatCount(checks.reduce((total, check) => total + check.examined, 0))
  const label = 'invariants held'
  const value = `${count('held')} of ${checks.length}`
  if (count('broken') > 0) return { label, value, note: `${count('broken')} BROKE`, tone: 'bad' }
  if (checks.length === 0) return { label, value: '–', note: 'none was checked', tone: 'doubt' }
  const open = count('not examined')
  const gaps = open > 0 ? `${open} examined nothing; ` : ''
  return { label, value, note: `${gaps}${examined} ids examined`, tone: open > 0 ? 'doubt' : 'good' }
}

function targetTile(summary: Summary): Tile {
  const count = (verdict: string) => summary.targets.filter((target) => target.verdict === verdict).length
  const decided = count('met') + count('missed')
  const foreign = count('not applicable')
  const note = `${count('missed')} missed, ${count('not measurable here')} not measurable here${foreign > 0 ? `, ${foreign} not applicable` : ''}`
  const tone = decided === 0 ? 'plain' : count('missed') > 0 ? 'doubt' : 'good'
  return { label: 'targets met', value: `${count('met')} of ${decided}`, note, tone }
}

function validityTile(run: Run, summary: Summary): Tile {
  const rank = ['VALID', 'INCONCLUSIVE', 'INVALID'] as const
  const worst = rank.findLast((validity) => summary.results.some((result) => result.validity === validity)) ?? 'INVALID'
  const failed = summary.results.reduce((total, result) => total + result.failed_trials, 0)
  const trials = `${run.trials.length} trials, ${failed} failed`
  const seconds = run.finished_at ? (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000 : null
  const note = seconds === null ? `${trials}, ${run.status}` : `${trials}, in ${formatSeconds(seconds)}`
  const tone = worst === 'VALID' ? 'good' : worst === 'INVALID' ? 'bad' : 'doubt'
  return { label: 'validity', value: worst, note, tone }
}
