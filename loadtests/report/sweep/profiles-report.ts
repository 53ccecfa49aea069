import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { styleText } from 'node:util'
import type { PointsRun } from '../../points/points-file.ts'
import type { ProfilesSummary } from '../../sweep/profiles-file.ts'
import { writeAtomically } from '../../write-atomically.ts'
import { html } from '../html.ts'
import { bullets, cell, environmentSections, table } from '../markdown-parts.ts'
import { renderPage } from '../page/render-page.ts'
import { createPlainTable, renderPlainTable } from '../plain-table.ts'
import { lawLines } from '../report-rows.ts'
import { environment, howToRepeat } from '../sections/environment.ts'
import { section } from '../sections/section.ts'
import { wrap } from '../wrap.ts'
import { pageHeader, tableSection } from './page-parts.ts'
import { usersPicture } from './profiles-picture.ts'
import { boundLines, profilesExplained, profilesLine, profilesTable } from './profiles-rows.ts'

const WIDTH = 120

/** The table of boxes, what bounds each, and last the verdict. */
export function renderProfilesTerminal(
  run: PointsRun,
  summary: ProfilesSummary,
  { colour }: { colour: boolean },
): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const { columns, rows } = profilesTable(summary)
  const shown = createPlainTable({
    head: [...columns],
    colAligns: columns.map((_, index) => (index === 0 ? 'left' : 'right')),
  })
  for (const row of rows) shown.push([...row])
  return [
    paint('dim', profilesLine(run, summary)),
    renderPlainTable(shown),
    ...wrap(profilesExplained(summary), WIDTH).map((line) => paint('dim', line)),
    '',
    'What gives out first:',
    ...boundLines(summary).flatMap((line) => wrap(line, WIDTH)),
    '',
    ...lawLines(summary),
    ...wrap(summary.verdict, WIDTH).map((line) => paint('bold', line)),
  ].join('\n')
}

/** Writes summary.json, report.md and report.html into the run's directory. */
export async function writeProfilesReports(directory: string, run: PointsRun, summary: ProfilesSummary): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeAtomically(join(directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  await writeAtomically(join(directory, 'report.md'), renderMarkdown(run, summary))
  await writeAtomically(join(directory, 'report.html'), await renderHtml(run, summary))
}

function renderMarkdown(run: PointsRun, summary: ProfilesSummary): string {
  const { columns, rows } = profilesTable(summary)
  const sections = [
    `# Redline sweep: ${run.run_id}`,
    `**${cell(summary.verdict)}**`,
    profilesLine(run, summary),
    table(columns, rows),
    cell(profilesExplained(summary)),
    '## What gives out first',
    bullets(boundLines(summary)),
    bullets(lawLines(summary)),
    ...environmentSections(run),
  ]
  return `${sections.join('\n\n')}\n`
}

function renderHtml(run: PointsRun, summary: ProfilesSummary): Promise<string> {
  const bounds = html`<ul>${boundLines(summary).map((line) => html`<li>${line}</li>`)}</ul>
    ${lawLines(summary).map((line) => html`<p class="caption">${line}</p>`)}`
  return renderPage({
    title: `Redline sweep: ${run.run_id}`,
    header: pageHeader(run, summary.verdict, profilesLine(run, summary), []),
    sections: [
      section(
        'users',
        'Users that each profile carries',
        'Rates are tried a tenth apart: bars that differ by less do not differ.',
        usersPicture(summary),
      ),
      tableSection('profiles', 'In figures', profilesExplained(summary), profilesTable(summary)),
      section('bounds', 'What gives out first', 'At the first rate that did not hold.', bounds),
      environment(run),
      howToRepeat(run),
    ],
  })
}
