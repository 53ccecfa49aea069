import { join } from 'node:path'
import type { CapacityRun, CapacitySummary } from '../../capacity/capacity-file.ts'
import { writeAtomically } from '../../write-atomically.ts'
import { renderCapacityHtml } from './capacity-html.ts'
import { renderCapacityMarkdown } from './capacity-markdown.ts'

/** Writes summary.json, report.md and report.html into the run's directory. */
export async function writeCapacity(directory: string, run: CapacityRun, summary: CapacitySummary): Promise<void> {
  await writeAtomically(join(directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  await writeAtomically(join(directory, 'report.md'), renderCapacityMarkdown(run, summary))
  await writeAtomically(join(directory, 'report.html'), await renderCapacityHtml(run, summary))
}
