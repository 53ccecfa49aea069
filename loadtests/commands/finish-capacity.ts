import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type CapacityResult, type CapacityRun, capacityRunSchema } from '../capacity/capacity-file.ts'
import { summariseCapacity } from '../capacity/summarise-capacity.ts'
import { UsageError } from '../errors.ts'
import { renderCapacityTerminal } from '../report/capacity/capacity-terminal.ts'
import { writeCapacity } from '../report/capacity/write-capacity.ts'
import { showsColour } from '../report/terminal-report.ts'

/** Judges the trials, shows what follows from them and sets the exit code. */
export async function finishCapacity(run: CapacityRun, directory: string, options: { json: boolean }): Promise<void> {
  const summary = summariseCapacity(run)
  const shown = () => renderCapacityTerminal(run, summary, { colour: showsColour(process.stdout) })
  process.stdout.write(`${options.json ? JSON.stringify(summary) : shown()}\n`)
  process.exitCode = exitCodeOf(summary.results)
  await writeCapacity(directory, run, summary)
  process.stderr.write(`report: ${join(directory, 'report.html')}\n`)
}

/** 4 an invariant broke, before 3 nothing can be said of some mode, before 0. */
export function exitCodeOf(results: readonly Pick<CapacityResult, 'kind'>[]): 0 | 3 | 4 {
  if (results.some(({ kind }) => kind === 'zero')) return 4
  return results.length === 0 || results.some(({ kind }) => kind === 'unknown') ? 3 : 0
}

/** Renders a run of `capacity` again. @returns false when the file is none @throws UsageError when it is a faulty one */
export async function reportCapacity(file: string, options: { json: boolean }): Promise<boolean> {
  const content: unknown = await readFile(file, 'utf8')
    .then(JSON.parse, () => null)
    .catch(() => null)
  if (typeof content !== 'object' || content === null || !('command' in content) || content.command !== 'capacity')
    return false
  const parsed = capacityRunSchema.safeParse(content)
  if (!parsed.success) {
    const faults = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `  ${issue.path.join('.') || basename(file)}: ${issue.message}`)
    throw new UsageError(`${file} is not a run of this version:\n${faults.join('\n')}`)
  }
  await finishCapacity(parsed.data, dirname(file), options)
  return true
}
