import { constant } from '../draws.ts'
import { type Simulation, type SimulationResult, simulate } from '../simulate.ts'
import { correctionAt, demandsAt, type PipelineDemands, sumOfDemands } from './pipeline-demands.ts'
import { type PipelineSize, pipelineRoute } from './pipeline-route.ts'

/** So many who ask again as soon as they are answered, or arrivals per second that wait for nobody. */
export type PipelineLoad = { readonly customers: number } | { readonly ratePerSecond: number }

export interface PipelinePrediction {
  /** Answers per second. */
  readonly throughput: number
  /** Seconds. */
  readonly mean: number
  readonly p99: number
  readonly refused: number
  /** Redemptions per second whose invite was sent, where the drain is running. */
  readonly completed: number
  /** Share of each part that is taken, 0…1; parts without an end are left out. */
  readonly use: readonly StationUse[]
}

export interface StationUse {
  readonly station: string
  readonly share: number
}

/** Answers of one simulation: its p99 rests on the last 1 % of them. */
const ANSWERS = 20_000
/** Demands depend on the rate, and in a closed loop the rate on them. */
const PASSES = 4

/**
 * Simulates the reference pipeline at one size and load.
 * @throws RangeError for a load of nobody
 */
export function predictPipeline(
  demands: PipelineDemands,
  size: PipelineSize,
  load: PipelineLoad,
  { seed = 1, answers = ANSWERS }: { seed?: number; answers?: number } = {},
): PipelinePrediction {
  if ('ratePerSecond' in load)
    return correct(demands, size, load, run(demands, size, load, load.ratePerSecond, seed, answers))
  let rate = firstGuess(demands, size, load.customers)
  for (let pass = 1; pass < PASSES; pass++) {
    const found = run(demands, size, load, rate, seed, answers / 4).throughput.mean
    // Half of the way each time: demands that fall as the rate grows would make it swing.
    rate = Math.sqrt(rate * found)
  }
  return correct(demands, size, load, run(demands, size, load, rate, seed, answers))
}

function run(
  demands: PipelineDemands,
  size: PipelineSize,
  load: PipelineLoad,
  rate: number,
  seed: number,
  answers: number,
): SimulationResult {
  const duration = answers / rate
  const arrivals: Simulation['arrivals'] =
    'customers' in load ? { customers: load.customers, think: constant(0) } : { ratePerSecond: load.ratePerSecond }
  return simulate({ ...pipelineRoute(demands, size, rate), arrivals, warmUp: duration / 5, duration, seed })
}

/** The asymptotic bounds: nobody waits, or the cores are full. */
function firstGuess(demands: PipelineDemands, size: PipelineSize, customers: number): number {
  const { machines } = size
  const cores = 'shared' in machines ? machines.shared : machines.servers
  const cpu = sumOfDemands(demandsAt(demands, Number.POSITIVE_INFINITY).accept)
  const alone = demands.alone.reduce((sum, seconds) => sum + seconds, 0) / demands.alone.length
  return Math.min(customers / (alone + delaysOf(size)), cores / cpu)
}

/** What a redemption waits for its way to the stores and back, in seconds. */
export function delaysOf({ mode, dbLatency, redisLatency }: Pick<PipelineSize, 'mode' | 'dbLatency' | 'redisLatency'>) {
  const trips = {
    none: dbLatency,
    'in-process': dbLatency,
    'token-bucket': redisLatency,
    'redis-semaphore': redisLatency + 3 * dbLatency,
  }
  return trips[mode]
}

/** Whatever the simulation lacks beyond the delays, as at the loads that were measured. Who waits for an answer asks less often. */
function correct(
  demands: PipelineDemands,
  size: PipelineSize,
  load: PipelineLoad,
  { throughput, responseTime, percentiles, refused, completed, resources }: SimulationResult,
): PipelinePrediction {
  const use = resources.flatMap(({ name: station, utilisation: share }) => (share === null ? [] : [{ station, share }]))
  const factors = correctionAt(demands, coresInUse(use))
  const delays = delaysOf(size)
  const beyond = (seconds: number, factor: number) => delays + Math.max(0, seconds - delays) * factor
  const mean = beyond(responseTime.mean, factors.mean)
  return {
    throughput: 'customers' in load ? throughput.mean * (responseTime.mean / mean) : throughput.mean,
    mean,
    p99: Math.max(mean, beyond(percentiles.p99, factors.p99)),
    refused,
    completed,
    use,
  }
}

/** Of the machine that is used most. */
export function coresInUse(use: readonly StationUse[]): number {
  return Math.max(...use.filter(({ station }) => station.startsWith('cores')).map(({ share }) => share))
}
