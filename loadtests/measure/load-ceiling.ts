import { NO_OP_FACTOR } from '../analysis/gates.ts'
import { InvalidRunError } from '../errors.ts'
import type { PlannedRequests } from '../scenarios/scenario.ts'
import { startCeiling } from '../sut/ceiling.ts'
import { loadBare } from './load-bare.ts'
import type { Judged, LoadContext, TrialPosition } from './trial-context.ts'

/**
 * The bare route under the same load, or in an open loop under so many times the rate, which a generator must be able to
 * make before it is believed.
 */
export async function loadCeiling(context: LoadContext, position: TrialPosition): Promise<Judged> {
  const { profile, modes } = context.plan
  const server = await startCeiling(profile.servers, context.directory, context.signal, modes.includes('target'))
  const died = server.died.then(() => Promise.reject(new InvalidRunError('The ceiling ended')))
  died.catch(() => {})
  const bare = { url: server.ready.url ?? '', rateFactor: NO_OP_FACTOR, roots: { server: [server.pid] }, died }
  try {
    return await loadBare({ ...context, scenario: withoutChecks(context.scenario) }, position, bare)
  } finally {
    await server.stop()
  }
}

/** The bare route answers 200 to everybody: what a team's own scenario wants of its target is not its business. */
function withoutChecks({ workload, ...scenario }: LoadContext['scenario']): LoadContext['scenario'] {
  return {
    ...scenario,
    workload: (load, options) => {
      const { requests, ...rest } = workload(load, options)
      return { ...rest, requests: requests.kind === 'custom' ? uncheck(requests) : requests }
    },
  }
}

function uncheck(planned: Extract<PlannedRequests, { kind: 'custom' }>): PlannedRequests {
  const requests = planned.requests.map((request) => ({ ...request, status: [200], body_contains: null }))
  return { ...planned, requests }
}
