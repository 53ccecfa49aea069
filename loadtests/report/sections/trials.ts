import { formatNumber, formatShare } from '../../analysis/format.ts'
import { loadOf } from '../../analysis/rounds.ts'
import type { Load, Run, Trial } from '../../run-file.ts'
import { type Html, html } from '../html.ts'
import { modeName, scrollable, section } from './section.ts'

const CAPTION =
  'Every trial in the order in which it ran. Within a round the order is random. Steal: CPU time that the hypervisor took; ' +
  'pressure: share of the time in which something waited for a CPU.'

export function trials(run: Run): Html {
  const sorted = [...run.trials].sort((a, b) => a.round - b.round || a.position - b.position)
  return section(
    'trials',
    'Trials',
    CAPTION,
    html`<details><summary>All ${run.trials.length} trials</summary>${scrollable(html`<table>
      <thead><tr><th>round, place</th><th class="left">mode</th><th>accepted /s</th><th>with drain /s</th><th>drained /s</th><th>refused</th><th>errors</th><th>burst</th><th>steal</th><th>pressure</th><th class="left">status</th></tr></thead>
      <tbody>${sorted.map(row)}</tbody></table>`)}</details>`,
  )
}

function row(trial: Trial): Html {
  const total = (count: (load: Load) => number) => trial.loads.reduce((sum, load) => sum + count(load), 0)
  const burst = trial.burst ? `${trial.burst.accepted} of ${trial.burst.uses}` : '–'
  return html`<tr><th>${trial.round}, ${trial.position}</th><td class="left">${modeName(trial.mode)}</td>
    <td>${rate(loadOf(trial, 'paused'))}</td><td>${rate(loadOf(trial, 'running'))}</td>
    <td>${trial.drain && trial.drain.seconds > 0 ? formatNumber(trial.drain.redemptions / trial.drain.seconds) : '–'}</td>
    <td>${total((load) => load.refused)}</td><td>${total((load) => load.errors)}</td><td>${burst}</td>
    <td>${share(trial.steal)}</td><td>${share(trial.cpu_pressure)}</td>
    <td class="left">${trial.status === 'ok' ? 'ok' : html`<span class="badge bad">${trial.status}</span> ${trial.failure}`}</td></tr>`
}

function rate(load: Load | undefined): string {
  return load && load.seconds > 0 ? formatNumber(load.accepted / load.seconds) : '–'
}

function share(value: number | null): string {
  return value === null ? '–' : formatShare(value)
}
