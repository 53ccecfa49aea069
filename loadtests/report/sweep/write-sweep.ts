import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PointsRun } from '../../points/points-file.ts'
import type { SweepSummary } from '../../sweep/sweep-file.ts'
import { writeAtomically } from '../../write-atomically.ts'
import { renderSweepHtml } from './sweep-html.ts'
import { renderSweepMarkdown } from './sweep-markdown.ts'

/** Writes summary.json, report.md and report.html into the run's directory. */
export async function writeSweepReports(directory: string, run: PointsRun, summary: SweepSummary): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeAtomically(join(directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  await writeAtomically(join(directory, 'report.md'), renderSweepMarkdown(run, summary))
  await writeAtomically(join(directory, 'report.html'), await renderSweepHtml(run, summary))
}
