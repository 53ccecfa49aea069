import { formatCount, formatNumber } from '../../analysis/format.ts'
import { mergeHistograms, percentileCurve } from '../../analysis/histograms.ts'
import { succeeded } from '../../analysis/rounds.ts'
import { mergeLoads, trialsOf } from '../../analysis/summarise.ts'
import type { Latencies, Result, Run, Summary } from '../../run-file.ts'
import { type Curve, percentileChart } from '../charts/percentile-chart.ts'
import { type Html, html } from '../html.ts'
import { STEP_NAMES } from '../report-rows.ts'
import { modeName, scrollable, section } from './section.ts'

const CAPTION = 'Merged over all rounds. To the right one more nine of the answers, upwards slower (log scale). '
const CLOSED_LOOP = 'Closed loop: a client waits for its answer, so a slow answer also lowers the load.'
const OPEN_LOOP = 'Open loop: counted from the moment at which a request was to be sent, whoever waits.'

const COLUMNS = ['p50', 'p95', 'p99', 'p99.9', 'max']

export function latency(run: Run, summary: Summary): Html {
  const answers = summary.results.map((result) => curveOf(result, mergeLoads(trialsOf(run, result), 'paused')))
  const mails = summary.results.map((result) => {
    const encoded = trialsOf(run, result).filter(succeeded)
    return curveOf(result, mergeHistograms(encoded.flatMap((trial) => trial.end_to_end_histogram ?? [])))
  })
  return section('latency', 'Latency', CAPTION + (run.plan.arrivals ? OPEN_LOOP : CLOSED_LOOP), [
    legend(summary),
    html`<div class="pair">
      <figure><figcaption>Answer, drain paused</figcaption>${percentileChart(answers)}</figure>
      <figure><figcaption>202 received → mail received, drain running</figcaption>${percentileChart(mails)}</figure>
    </div>`,
    scrollable(latencyTable(summary.results)),
    ...(summary.results.some(({ steps }) => steps.length > 0) ? [scrollable(stepTable(summary.results))] : []),
  ])
}

function curveOf(result: Result, histogram: ReturnType<typeof mergeHistograms>): Curve {
  return { name: result.mode, className: `m-${result.mode}`, points: percentileCurve(histogram) }
}

function legend(summary: Summary): Html {
  return html`<p class="legend">${summary.results.map((result) => modeName(result.mode))}</p>`
}

function latencyTable(results: readonly Result[]): Html {
  const group = (title: string) => html`<th colspan="5" class="group">${title}</th>`
  const columns = COLUMNS.map((column, index) => html`<th class="${index === 0 ? 'first' : ''}">${column}</th>`)
  return html`<table>
    <thead><tr class="groups"><th>milliseconds</th>${group('answer, drain paused')}${group('answer, drain running')}${group('202 → mail')}</tr>
    <tr><th></th>${columns}${columns}${columns}</tr></thead>
    <tbody>${results.map(
      (result) =>
        html`<tr><th>${modeName(result.mode)}</th>${cells(result.latency_ms)}${cells(result.with_drain?.latency_ms ?? null)}${cells(result.end_to_end_ms)}</tr>`,
    )}</tbody></table>`
}

/** Each kind of request by itself. */
function stepTable(results: readonly Result[]): Html {
  const rows = results.flatMap(({ mode, steps }) =>
    steps.map(
      ({ step, answers, latency_ms: latency }) =>
        html`<tr><th>${modeName(mode)} ${STEP_NAMES[step] ?? step}</th><td>${formatCount(answers)}</td>${cells(latency)}</tr>`,
    ),
  )
  return html`<table>
    <thead><tr><th>milliseconds, drain paused, with the warm-up of the load</th><th>answers</th>${COLUMNS.map((column) => html`<th>${column}</th>`)}</tr></thead>
    <tbody>${rows}</tbody></table>`
}

function cells(latencies: Latencies | null): Html[] {
  const values = latencies
    ? [latencies.p50, latencies.p95, latencies.p99, latencies.p999, latencies.max].map(formatNumber)
    : COLUMNS.map(() => '–')
  return values.map((value, index) => html`<td class="${index === 0 ? 'first' : ''}">${value}</td>`)
}
