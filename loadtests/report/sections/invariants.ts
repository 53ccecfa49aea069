import { formatCount } from '../../analysis/format.ts'
import { invariantVerdict, KEPT_IDS } from '../../analysis/merge-invariants.ts'
import type { InvariantResult, Result, Summary } from '../../run-file.ts'
import { type Html, html } from '../html.ts'
import { modeName, scrollable, section } from './section.ts'

const CAPTION =
  "Checked after every trial from outside, against the clients' own list of 202 answers and the mails that arrived. " +
  'The number is how many ids were examined over all trials; a check that examined nothing is not passed.'

export function invariants(summary: Summary): Html {
  const modes = summary.results.filter((result) => result.invariants.length > 0)
  const titles = new Map(modes.flatMap((result) => result.invariants).map((check) => [check.number, check.title]))
  if (titles.size === 0)
    return section('invariants', 'Invariants', CAPTION, html`<p class="absent">No invariant was checked.</p>`)
  const rows = [...titles].sort(([a], [b]) => a - b)
  return section(
    'invariants',
    'Invariants',
    CAPTION,
    scrollable(html`<table>
      <thead><tr><th>invariant</th>${modes.map((result) => html`<th>${modeName(result.mode)}</th>`)}</tr></thead>
      <tbody>${rows.map(
        ([number, title]) =>
          html`<tr><th><span class="index">${number}</span> ${title}</th>${modes.map((result) => cell(result, number))}</tr>`,
      )}</tbody></table>`),
  )
}

function cell(result: Result, number: number): Html {
  const check = result.invariants.find((candidate) => candidate.number === number)
  if (!check) return html`<td>–</td>`
  const verdict = invariantVerdict(check)
  if (verdict === 'held') return html`<td><span class="good mark">✓</span> ${formatCount(check.examined)}</td>`
  if (verdict === 'not examined') return html`<td><span class="badge doubt">examined nothing</span></td>`
  return html`<td><span class="badge bad">✗ broken</span>${offenders(check)}</td>`
}

function offenders(check: InvariantResult): Html {
  return html`<details><summary>${check.broken.length < KEPT_IDS ? '' : 'at least '}${check.broken.length} of ${formatCount(check.examined)} ids</summary>${check.broken.map((id) => html`<code>${id}</code> `)}</details>`
}
