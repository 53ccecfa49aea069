import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeRunDirectory } from './finish-run.ts'
import { watchInterruption } from './interruption.ts'
import { createRunId } from './run-bench.ts'

interface RunFrame {
  readonly runId: string
  readonly directory: string
  /** Aborts when the person wants it to end. */
  readonly signal: AbortSignal
}

/**
 * Makes a directory of its own for a run, and gives `measure` that and a signal. An interruption sets the exit code; a
 * directory into which nothing was written is removed.
 */
export async function inRunDirectory(
  { name, out }: { readonly name: string; readonly out: string },
  measure: (frame: RunFrame) => Promise<void>,
): Promise<void> {
  const runId = createRunId(new Date(), name)
  const directory = join(out, runId)
  await makeRunDirectory(directory)
  const interruption = watchInterruption('what was measured is kept')
  const { signal } = interruption
  try {
    await measure({ runId, directory, signal })
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
