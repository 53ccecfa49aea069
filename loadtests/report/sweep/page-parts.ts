import type { PointsRun } from '../../points/points-file.ts'
import { type Html, html } from '../html.ts'
import { scrollable, section } from '../sections/section.ts'
import type { SweepTable } from './sweep-rows.ts'

/** The verdict in one sentence, what was measured, and what puts it in doubt. */
export function pageHeader(run: PointsRun, verdict: string, plan: string, warnings: readonly string[]): Html {
  const [first = '', ...rest] = verdict.split(/(?<=\.) /)
  return html`<header>
    <p class="overline"><b>Redline</b> ${run.command} · ${run.run_id} · <time>${run.started_at.slice(0, 16).replace('T', ' ')} UTC</time></p>
    <h1>${first}</h1>
    ${rest.length > 0 ? html`<p class="lead">${rest.join(' ')}</p>` : null}
    <p class="plan">${plan}</p>
    ${warnings.length > 0 ? html`<ul class="doubts">${warnings.map((line) => html`<li>${line}</li>`)}</ul>` : null}
  </header>`
}

export function tableSection(id: string, title: string, caption: string, { columns, rows }: SweepTable): Html {
  return section(
    id,
    title,
    caption,
    scrollable(html`<table>
      <thead><tr>${columns.map((column) => html`<th>${column.replace('\n', ' ')}</th>`)}</tr></thead>
      <tbody>${rows.map(([name, ...cells]) => html`<tr><th>${name}</th>${cells.map((text) => html`<td>${text}</td>`)}</tr>`)}</tbody>
    </table>`),
  )
}
