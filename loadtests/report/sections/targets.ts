import type { Summary, TargetResult } from '../../run-file.ts'
import { type Html, html } from '../html.ts'
import { scrollable, section } from './section.ts'

const CAPTION =
  'Claims and aims, held against this run on this machine. What this run cannot decide, or what is about another scenario, says why; its number is shown all the same.'

const LOOKS = {
  met: { tone: 'good', mark: '✓' },
  missed: { tone: 'bad', mark: '✗' },
  'not measurable here': { tone: 'plain', mark: '–' },
  'not applicable': { tone: 'plain', mark: '–' },
} as const

export function targets(summary: Summary): Html {
  const order = Object.keys(LOOKS)
  const sorted = [...summary.targets].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
  return section(
    'targets',
    'Targets',
    CAPTION,
    scrollable(html`<table class="words">
      <thead><tr><th>target</th><th>wanted</th><th>got</th><th>verdict</th></tr></thead>
      <tbody>${sorted.map(row)}</tbody></table>`),
  )
}

function row(target: TargetResult): Html {
  const { tone, mark } = LOOKS[target.verdict]
  return html`<tr class="${tone}"><th>${target.name}</th><td>${target.wanted}</td><td class="number">${target.got}</td>
    <td><span class="badge ${tone}">${mark} ${target.verdict}</span>${target.why === null ? null : html`<small>${target.why}</small>`}</td></tr>`
}
