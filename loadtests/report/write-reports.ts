import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run, Summary } from '../run-file.ts'
import { writeAtomically } from '../write-atomically.ts'
import { renderHtml } from './html-report.ts'
import { renderJunit } from './junit-report.ts'
import { renderMarkdown } from './markdown-report.ts'

/** Writes summary.json, report.md, report.html and junit.xml into the run's directory. */
export async function writeReports(directory: string, run: Run, summary: Summary): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeAtomically(join(directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  await writeAtomically(join(directory, 'report.md'), renderMarkdown(run, summary))
  await writeAtomically(join(directory, 'report.html'), await renderHtml(run, summary))
  await writeAtomically(join(directory, 'junit.xml'), renderJunit(summary))
}
