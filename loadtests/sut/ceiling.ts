import type { RunDirectory } from './run-directory.ts'
import { type SupervisedProcess, startSupervised } from './supervisor.ts'

/** Starts the bare route that bounds every mode. */
export function startCeiling(directory: RunDirectory, signal: AbortSignal): Promise<SupervisedProcess> {
  return startSupervised({
    name: 'ceiling',
    entry: new URL('./ceiling-process.ts', import.meta.url),
    env: {},
    directory,
    signal,
  })
}
