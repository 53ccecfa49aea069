import type { RunDirectory } from './run-directory.ts'
import { type SupervisedProcess, startSupervised } from './supervisor.ts'

/**
 * Starts the bare route that bounds every mode, with as many processes on its port as the modes have.
 * @param withoutExpress for a team's own target: the limit of Express would be taken for that of the generator
 */
export function startCeiling(
  servers: number,
  directory: RunDirectory,
  signal: AbortSignal,
  withoutExpress = false,
): Promise<SupervisedProcess> {
  return startSupervised({
    name: 'ceiling',
    entry: new URL('./ceiling-process.ts', import.meta.url),
    args: [String(servers), ...(withoutExpress ? ['--without-express'] : [])],
    env: {},
    directory,
    signal,
  })
}
