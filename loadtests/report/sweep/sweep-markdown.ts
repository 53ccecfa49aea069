import type { PointsRun } from '../../points/points-file.ts'
import type { SweepSummary } from '../../sweep/sweep-file.ts'
import { drawTextBars } from '../charts/text-bars.ts'
import { drawTextHeatMap } from '../charts/text-heat-map.ts'
import { bullets, cell, environmentSections, table } from '../markdown-parts.ts'
import { sweepPictures } from './sweep-pictures.ts'
import { findingLines, sweepExplained, sweepLine, sweepTable } from './sweep-rows.ts'

/** The report as markdown, for a pull request or a wiki. */
export function renderSweepMarkdown(run: PointsRun, summary: SweepSummary): string {
  const { columns, rows } = sweepTable(summary)
  const { maps, stations } = sweepPictures(summary, run.points, run.environment.cores)
  const drawn = [...maps.map(drawTextHeatMap), ...(stations === null ? [] : [drawTextBars(stations)])]
  const sections = [
    `# Redline sweep: ${run.run_id}`,
    `**${cell(summary.verdict)}**`,
    cell(sweepLine(run, summary)),
    '## Points',
    table(columns, rows),
    cell(sweepExplained(summary)),
    bullets(findingLines(summary)),
    bullets(summary.warnings),
    ...drawn.map((picture) => `\`\`\`text\n${picture}\n\`\`\``),
    ...environmentSections(run),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}
