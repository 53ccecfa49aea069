import type { Run, Summary } from '../../run-file.ts'
import { Html, html } from '../html.ts'
import { PAIRS_EXPLAINED, pairTable, stopLine } from '../pair-rows.ts'
import { scrollable, section } from './section.ts'

const TONES: Readonly<Record<string, string>> = { faster: 'good', slower: 'bad', 'too few rounds': 'doubt' }

/** Each two modes: which one is faster, by how much, and what would have been seen. One mode has none. */
export function pairs(run: Run, summary: Summary): Html {
  const { columns, rows } = pairTable(summary.pairs)
  if (rows.length === 0) return new Html('')
  const row = ([pair = '', verdict = '', ...figures]: string[]) => html`<tr><th>${pair}</th>
    <td><span class="badge ${TONES[verdict] ?? 'plain'}">${verdict}</span></td>
    ${figures.map((figure) => html`<td class="number">${figure}</td>`)}</tr>`
  return section(
    'pairs',
    'Each two modes',
    [PAIRS_EXPLAINED, ...stopLine(run)].join(' '),
    scrollable(html`<table>
      <thead><tr>${columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
      <tbody>${rows.map(row)}</tbody></table>`),
  )
}
