import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exitCodeFor } from '../analysis/exit-code.ts'
import { judgeRun } from '../analysis/gates.ts'
import { latencyTargetMs } from '../analysis/latency-target.ts'
import { summarise } from '../analysis/summarise.ts'
import { UsageError } from '../errors.ts'
import { renderTerminal, showsColour } from '../report/terminal-report.ts'
import { writeReports } from '../report/write-reports.ts'
import type { Run } from '../run-file.ts'
import type { Targets } from '../targets/targets-schema.ts'

/** A directory that cannot be made was asked for wrongly, but for a full disk. */
export async function makeRunDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOSPC') throw cause
    throw new UsageError(`--out: ${directory} cannot be made (${cause.code})`, { cause })
  })
}

/** Judges a run, shows it and sets the exit code. What was measured is shown even when there is no room for its report. */
export async function finishRun(
  measured: Run,
  targets: Targets,
  directory: string,
  options: { gate: boolean; json: boolean },
): Promise<void> {
  const run = judgeRun(measured, latencyTargetMs(targets, measured.plan.scenario))
  const summary = summarise(run, targets)
  const table = () => renderTerminal(run, summary, { colour: showsColour(process.stdout) })
  process.stdout.write(`${options.json ? JSON.stringify(summary) : table()}\n`)
  process.exitCode = exitCodeFor(summary, options)
  await writeReports(directory, run, summary)
  process.stderr.write(`report: ${join(directory, 'report.html')}\n`)
}
