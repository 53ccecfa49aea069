import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exampleRun } from '../analysis/example-run.ts'
import { summarise } from '../analysis/summarise.ts'
import { summarySchema } from '../run-file.ts'
import { loadTargets } from '../targets/load-targets.ts'
import { writeAtomically } from '../write-atomically.ts'
import { writeReports } from './write-reports.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'redline-report-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

it('writes the four files and leaves no draft behind', async () => {
  const run = exampleRun({ rounds: 1 })
  const summary = summarise(run, await loadTargets())
  const target = join(directory, 'not', 'there', 'yet')
  await writeReports(target, run, summary)
  expect((await readdir(target)).sort()).toEqual(['junit.xml', 'report.html', 'report.md', 'summary.json'])
  expect(summarySchema.parse(JSON.parse(await readFile(join(target, 'summary.json'), 'utf8')))).toEqual(summary)
})

it('keeps the old file and removes the draft when it cannot replace it', async () => {
  await writeReports(
    join(directory, 'taken.txt'),
    exampleRun({ rounds: 1 }),
    summarise(exampleRun(), await loadTargets()),
  )
  await expect(writeAtomically(join(directory, 'taken.txt'), 'new')).rejects.toThrow()
  expect(await readdir(directory)).toEqual(['taken.txt'])
})
