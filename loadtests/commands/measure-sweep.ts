import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PointsParts } from '../points/run-points.ts'
import { createProgressReport, type Outlook } from '../report/progress.ts'
import { makeRunDirectory } from './finish-run.ts'
import { watchInterruption } from './interruption.ts'
import { createRunId } from './run-bench.ts'

type Parts = Pick<PointsParts, 'runId' | 'directory' | 'allowNonempty' | 'progress' | 'signal'>

/**
 * Gives `measure` a directory, a progress report and a signal, and clears up after it.
 */
export async function measureSweep(
  name: string,
  { out, allowNonempty }: { out: string; allowNonempty: boolean },
  outlook: Outlook,
  measure: (parts: Parts) => Promise<void>,
): Promise<void> {
  const runId = createRunId(new Date(), name)
  const directory = join(out, runId)
  await makeRunDirectory(directory)
  const progress = createProgressReport(outlook, process.stderr)
  const interruption = watchInterruption('what was measured is kept')
  const { signal } = interruption
  try {
    await measure({ runId, directory, allowNonempty, progress, signal })
    process.exitCode = interruption.exitCode ?? process.exitCode
  } catch (error) {
    // Whatever fails because everything is being stopped.
    signal.throwIfAborted()
    throw error
  } finally {
    interruption.dispose()
    await rmdir(directory).catch(() => undefined)
  }
}
