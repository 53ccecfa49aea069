import type { Profile } from '../../run-file.ts'
import type { Draw } from '../draws.ts'
import type { Simulation } from '../simulate.ts'
import type { Resource } from '../simulated-resource.ts'
import {
  type AcceptDemand,
  demandsAt,
  type Level,
  type PipelineDemands,
  type StallMix,
  sumOfDemands,
} from './pipeline-demands.ts'
import type { PipelineSize } from './pipeline-size.ts'
import { type Costs, createSteps, drainSteps, SERVER_PARTS, STALLED, stalled, storeSteps } from './pipeline-steps.ts'

/**
 * Resources and steps of the reference pipeline at one rate, for simulate().
 * @param stall what a redemption waits for what is no step here
 */
export function pipelineRoute(
  demands: PipelineDemands,
  size: PipelineSize,
  rate: number,
  stall: StallMix,
): Pick<Simulation, 'resources' | 'route' | 'homes'> {
  const { accept, drain } = demandsOfSize(demands, size.profile, rate)
  const { costs, behind } = costsOf(demands, size, accept, stall)
  const steps = createSteps(size)
  const { asked, granted } = storeSteps(steps, size, costs)
  return {
    resources: resourcesOf(size),
    homes: size.profile.servers,
    route: [
      ...steps.generator(costs.generator / 2),
      ...steps.server(SERVER_PARTS.before * costs.server),
      ...asked,
      ...steps.server(SERVER_PARTS.answering * costs.server),
      ...steps.generator(costs.generator / 2),
      ...stalled(costs.stall, STALLED.besides),
      { do: 'answer' },
      ...granted,
      ...steps.cpuOfServers(behind),
      ...(size.isDraining ? drainSteps(steps, drain) : []),
    ],
  }
}

/** A process that has half of the rate pays for each redemption what it pays at half of the rate. */
export function demandsOfSize(
  demands: PipelineDemands,
  { servers, workers }: Pick<Profile, 'servers' | 'workers'>,
  rate: number,
): Pick<Level, 'accept' | 'drain'> {
  const { accept, drain } = demandsAt(demands, rate)
  return {
    accept: { ...accept, server: demandsAt(demands, rate / servers).accept.server },
    drain: { ...drain, worker: demandsAt(demands, rate / workers).drain.worker },
  }
}

/**
 * Of the time that a single connection waits, CPU is a part. It may be counted higher than that where some of it falls
 * behind the answer; then the answer waits for a share of it. What is left over shrinks as the CPU of a redemption does.
 */
function costsOf(
  demands: PipelineDemands,
  size: PipelineSize,
  accept: AcceptDemand,
  stall: StallMix,
): { costs: Costs; behind: number } {
  const { alone } = demands
  const first = demands.levels[0]
  const light = sumOfDemands(first?.accept ?? accept)
  const median = alone[Math.floor(alone.length / 2)] ?? 0
  const scale = Math.min(1, (0.95 * median) / light)
  const shrink = sumOfDemands(accept) / light
  const scaled = Object.fromEntries(Object.entries(accept).map(([kind, cpu]) => [kind, scale * cpu])) as AcceptDemand
  const rest: Draw = (random) =>
    Math.max(0, shrink * ((alone[Math.floor(random() * alone.length)] ?? 0) - scale * light))
  const costs = { ...scaled, generator: size.hasGenerator ? scaled.generator : 0, rest, stall }
  return { costs, behind: (1 - scale) * (sumOfDemands(accept) - (size.hasGenerator ? 0 : accept.generator)) }
}

function resourcesOf({ mode, profile, machines, redisNodes = 1 }: PipelineSize): Resource[] {
  const { workers, concurrency, pool, semaphore } = profile
  const hasPlaces = mode === 'in-process' || mode === 'redis-semaphore'
  const cores =
    'shared' in machines
      ? [{ name: 'cores', units: machines.shared }]
      : Object.entries(machines).map(([part, units]) => ({ name: `cores of ${part}`, units }))
  return [
    ...cores,
    { name: 'generator', units: 1 },
    { name: 'server', units: 1, isPerHome: true },
    { name: 'semaphore', units: hasPlaces ? semaphore : Number.POSITIVE_INFINITY, isPerHome: mode === 'in-process' },
    { name: 'pool', units: pool, isPerHome: true },
    { name: 'row lock', units: 1 },
    { name: 'redis', units: redisNodes },
    { name: 'delay proxy', units: 1 },
    { name: 'scheduler', units: 1 },
    { name: 'worker', units: workers },
    { name: 'jobs', units: workers * concurrency },
  ]
}
