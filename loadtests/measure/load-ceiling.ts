import { NO_OP_FACTOR } from '../analysis/gates.ts'
import { InvalidRunError } from '../errors.ts'
import { startCeiling } from '../sut/ceiling.ts'
import { loadBare } from './load-bare.ts'
import type { Judged, LoadContext, TrialPosition } from './trial-context.ts'

/**
 * The bare route under the same load, or in an open loop under so many times the rate, which a generator must be able to
 * make before it is believed.
 */
export async function loadCeiling(context: LoadContext, position: TrialPosition): Promise<Judged> {
  const server = await startCeiling(context.plan.profile.servers, context.directory, context.signal)
  const died = server.died.then(() => Promise.reject(new InvalidRunError('The ceiling ended')))
  died.catch(() => {})
  const bare = { url: server.ready.url ?? '', rateFactor: NO_OP_FACTOR, roots: { server: [server.pid] }, died }
  try {
    return await loadBare(context, position, bare)
  } finally {
    await server.stop()
  }
}
