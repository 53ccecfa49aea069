import type { RunDirectory } from './run-directory.ts'
import { type SupervisedProcess, startSupervised } from './supervisor.ts'

/** Starts the bare route that bounds every mode, with as many processes on its port as the modes have. */
export function startCeiling(
  servers: number,
  directory: RunDirectory,
  signal: AbortSignal,
): Promise<SupervisedProcess> {
  return startSupervised({
    name: 'ceiling',
    entry: new URL('./ceiling-process.ts', import.meta.url),
    args: [String(servers)],
    env: {},
    directory,
    signal,
  })
}
