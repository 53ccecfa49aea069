import { formatNumber, formatSeconds } from '../../analysis/format.ts'
import type { CapacityRun, CapacitySummary, TrialView } from '../../capacity/capacity-file.ts'
import { loadText } from '../../capacity/search-settings.ts'
import { loadCurve } from '../charts/load-curve.ts'
import { stationUse } from '../charts/station-use.ts'
import { type Html, html } from '../html.ts'
import { renderPage } from '../page/render-page.ts'
import { lawLines } from '../report-rows.ts'
import { environment } from '../sections/environment.ts'
import { modeName, scrollable, section } from '../sections/section.ts'
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

/** One file that opens offline. */
export function renderCapacityHtml(run: CapacityRun, summary: CapacitySummary): Promise<string> {
  return renderPage({
    title: `Redline capacity: ${run.run_id}`,
    header: header(run, summary),
    sections: [
      section('capacity', 'Capacity', COLUMNS_EXPLAINED, [
        tableOf(capacityRows(summary)),
        ...doubtLines(summary).map(line),
      ]),
      section('limit', 'What the limit is', 'What was missed at the upper bound, and what was busy there.', [
        ...usePictures(summary).map(stationUse),
        ...evidenceLines(summary).map(line),
      ]),
      section(
        'latency',
        'Latency against load',
        'p99 of the trials at each load, up to three times the laxest goal.',
        curve(run, summary),
      ),
      ...(summary.spreads.length > 0
        ? [
            section(
              'spread',
              'How far searches lie apart',
              'By the middles of their intervals.',
              tableOf(spreadRows(summary.spreads)),
            ),
          ]
        : []),
      section('trials', 'Trials', SIGNS_EXPLAINED, [...searches(summary), trialTable(summary)]),
      section(
        'validity',
        'Can it be believed?',
        'Laws that are always true: what violates them is a broken instrument.',
        lawLines(summary).map(line),
      ),
      environment(run),
      section(
        'repeat',
        'Run it again',
        'The first line measures anew, the second renders this report again from its files.',
        html`<pre><code>${run.repeat_with}
npm run report -- ${run.run_id}</code></pre>`,
      ),
    ],
  })
}

function header(run: CapacityRun, summary: CapacitySummary): Html {
  const [first = '', ...rest] = summary.verdict.split(/(?<=\.) /)
  return html`<header>
    <p class="overline"><b>Redline</b> capacity · ${run.run_id} · <time>${run.started_at.slice(0, 16).replace('T', ' ')} UTC</time></p>
    <h1>${rest[0] ?? first}</h1>
    <p class="lead">${[first, ...rest.slice(1)].join(' ')}</p>
    <p class="plan">${searchLine(run)}</p>
  </header>`
}

function line(text: string): Html {
  return html`<p>${text}</p>`
}

function tableOf({ columns, rows }: Rows): Html {
  return scrollable(html`<table>
    <thead><tr>${columns.map((name, index) => html`<th${index < 2 ? html` class="left"` : null}>${name}</th>`)}</tr></thead>
    <tbody>${rows.map((cells) => html`<tr>${cells.map((cell, index) => html`<td${index < 2 ? html` class="left"` : null}>${cell}</td>`)}</tr>`)}</tbody></table>`)
}

function curve({ search }: CapacityRun, summary: CapacitySummary): Html {
  const mostMs = Math.max(...search.goals.map(({ most_ms }) => most_ms))
  const modes = [...new Set(summary.trials.map(({ mode }) => mode))]
  const series = modes.map((mode) => ({
    name: mode,
    className: `m-${mode}`,
    measured: readablePoints(latencyPoints(summary, mode), mostMs),
  }))
  const first = summary.results.filter((one) => one.search === 1 && one.lower !== null && one.lower > 0)
  return loadCurve({
    title: 'p99 in ms',
    xLabel: search.loop === 'open' ? 'people per second' : 'connections',
    yLabel: 'p99 in ms',
    series,
    marks: first.map(({ lower, goal }) => ({ x: lower ?? 0, label: goal })),
  })
}

function searches(summary: CapacitySummary): Html[] {
  return summary.results
    .filter(({ search }) => search === 1)
    .map(
      (result) =>
        html`<h3>${modeName(result.mode)} ${result.goal}</h3><pre>${trialsPicture(result, summary.trials, summary.loop)}</pre>`,
    )
}

function trialTable({ trials, loop }: CapacitySummary): Html {
  return html`<details><summary>All ${trials.length} trials</summary>${scrollable(html`<table>
    <thead><tr><th>search, trial</th><th class="left">mode</th><th>load</th><th>of load</th><th>accepted /s</th><th>p99 ms</th><th class="left">verdict</th></tr></thead>
    <tbody>${trials.map((trial) => trialRow(trial, loop))}</tbody></table>`)}</details>`
}

function trialRow(trial: TrialView, loop: 'open' | 'closed'): Html {
  const { search, position, mode, load, seconds, accepted_per_second: accepted, p99_ms: p99 } = trial
  return html`<tr><th>${search}, ${position}</th><td class="left">${modeName(mode)}</td><td>${loadText(loop, load)}</td>
    <td>${formatSeconds(seconds)}</td><td>${formatNumber(accepted)}</td><td>${formatNumber(p99)}</td><td class="left">${verdict(trial)}</td></tr>`
}

function verdict({ verdict: valid, why, broken, goals }: TrialView): Html {
  if (broken !== null) return html`<span class="badge bad">broke</span> ${broken}`
  if (valid === 'invalid') return html`<span class="badge doubt">invalid</span> ${why}`
  const missed = Object.entries(goals).filter(([, { met }]) => !met)
  if (missed.length === 0) return html`<span class="badge good">met</span>`
  return html`<span class="badge bad">missed</span> ${missed.map(([name, { misses }]) => `${name}: ${misses.join('; ')}`).join(' · ')}`
}
