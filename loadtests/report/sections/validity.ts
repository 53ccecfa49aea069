import type { CalibrationResult } from '../../calibrate/calibration-file.ts'
import { FIGURES } from '../../calibrate/truth.ts'
import type { Gate, Result, Run, Summary } from '../../run-file.ts'
import { meterLine, percent, truthCell } from '../calibration-report.ts'
import { type Html, html } from '../html.ts'
import { GATE_NAMES, gateValue, lawLines } from '../report-rows.ts'
import { modeName, scrollable, section } from './section.ts'

const CAPTION =
  'What every trial is held against before it counts. A trial that a gate fails is INVALID and in none of the figures; ' +
  'a doubt of at least half of them makes the result INCONCLUSIVE. Each cell has the worst of all trials (∞: a warm-up ' +
  'without an end); point at it to read it in words.'

const LOOKS = {
  pass: { tone: 'good', mark: '✓' },
  doubt: { tone: 'doubt', mark: '!' },
  fail: { tone: 'bad', mark: '✗' },
  'not known': { tone: 'plain', mark: '–' },
} as const

/** The gates of each mode, and what is known of the meter itself. */
export function validity(run: Run, summary: Summary): Html {
  const { results } = summary
  const calibration = run.calibration
  return section('validity', 'Can it be believed?', CAPTION, [
    scrollable(html`<table class="words gates">
      <thead><tr><th>gate</th>${results.map(({ mode }) => html`<th>${modeName(mode)}</th>`)}</tr></thead>
      <tbody>${Object.entries(GATE_NAMES).map(([name, told]) => gateRow(name, told, results))}</tbody></table>`),
    html`<p class="caption">${meterLine(calibration)}</p>`,
    ...lawLines(summary).map((line) => html`<p class="caption">${line}</p>`),
    ...(calibration === null ? [] : [scrollable(calibrationTable(calibration.results))]),
  ])
}

function gateRow(name: string, told: string, results: readonly Result[]): Html {
  return html`<tr><th>${told}</th>${results.map(({ gates }) => gateCell(gates.find((gate) => gate.name === name)))}</tr>`
}

function gateCell(gate: Gate | undefined): Html {
  if (gate === undefined) return html`<td>–</td>`
  const { tone, mark } = LOOKS[gate.verdict]
  const text = gate.verdict === 'not known' ? mark : `${mark} ${gateValue(gate)}`
  return html`<td title="${gate.told}"><span class="badge ${tone}">${text}</span></td>`
}

function calibrationTable(results: readonly CalibrationResult[]): Html {
  return html`<table>
    <thead><tr><th class="left">server</th><th class="left">driver</th>${FIGURES.map((figure) => html`<th>${figure === 'p999' ? 'p99.9' : figure} ms</th>`)}<th class="left"></th></tr></thead>
    <tbody>${results.map(calibrationRow)}</tbody></table>`
}

function calibrationRow(result: CalibrationResult): Html {
  const { truth_ms: truth, truth_at_most_ms: most, error } = result
  const cells = FIGURES.map((figure) =>
    truth && error
      ? html`<td>${truthCell(truth[figure], most?.[figure])} <small>${percent(error[figure])}</small></td>`
      : html`<td>–</td>`,
  )
  const verdict = result.validity !== 'VALID' ? result.validity : result.within_tolerance ? 'within' : 'off'
  const note = result.demanded ? verdict : `closed loop: ${verdict}`
  return html`<tr><th class="left">${result.pattern}</th><td class="left">${result.driver}</td>${cells}<td class="left">${note}</td></tr>`
}
