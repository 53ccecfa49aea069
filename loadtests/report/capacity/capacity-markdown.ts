import type { CapacityRun, CapacitySummary } from '../../capacity/capacity-file.ts'
import { drawTextBars } from '../charts/text-bars.ts'
import { bullets, cell, environmentSections, table } from '../markdown-parts.ts'
import { lawLines } from '../report-rows.ts'
import {
  COLUMNS_EXPLAINED,
  capacityRows,
  doubtLines,
  evidenceLines,
  searchLine,
  spreadRows,
  usePictures,
} from './capacity-rows.ts'
import { SIGNS_EXPLAINED, trialsPicture } from './trials-picture.ts'

/** The report as markdown, for a pull request or a wiki. */
export function renderCapacityMarkdown(run: CapacityRun, summary: CapacitySummary): string {
  const { columns, rows } = capacityRows(summary)
  const spreads = spreadRows(summary.spreads)
  const sections = [
    `# Redline capacity: ${run.run_id}`,
    `**${cell(summary.verdict)}**`,
    cell(searchLine(run)),
    run.environment.notes.map(cell).join(' '),
    '## Capacity',
    table(columns, rows),
    COLUMNS_EXPLAINED,
    bullets(doubtLines(summary).map((line) => `\\* ${line}`)),
    '## What the limit is',
    bullets(evidenceLines(summary)),
    ...usePictures(summary).map((chart) => `\`\`\`text\n${drawTextBars(chart)}\n\`\`\``),
    ...(spreads.rows.length > 0 ? ['## How far searches lie apart', table(spreads.columns, spreads.rows)] : []),
    '## Trials',
    ...summary.results
      .filter(({ search }) => search === 1)
      .map(
        (result) =>
          `${result.mode}, ${result.goal}\n\n\`\`\`text\n${trialsPicture(result, summary.trials, summary.loop)}\n\`\`\``,
      ),
    SIGNS_EXPLAINED,
    '## Can it be believed?',
    lawLines(summary).map(cell).join('\n'),
    ...environmentSections(run),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}
