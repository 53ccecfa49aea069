import { constant } from '../draws.ts'
import { type Simulation, type SimulationResult, simulate } from '../simulate.ts'
import {
  demandsAt,
  type PipelineDemands,
  type Stall,
  type StallMix,
  stallsAt,
  sumOfDemands,
} from './pipeline-demands.ts'
import { pipelineRoute } from './pipeline-route.ts'
import type { PipelineSize } from './pipeline-size.ts'

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
  /** Cores, threads, connections or places that it has. */
  readonly units: number
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
  const isOpen = 'ratePerSecond' in load
  let rate = isOpen ? load.ratePerSecond : firstGuess(demands, size, load.customers)
  const stalls = stallsOf(demands, size)
  let stall: StallMix = []
  for (let pass = 1; pass < passesOf(stalls, isOpen); pass++) {
    const result = run({ demands, size, load, rate, stall, seed, answers: answers / 4 })
    stall = stallsAt(stalls, coresInUse(usesOf(result)))
    // Half of the way each time: demands that fall as the rate grows would make it swing.
    if (!isOpen) rate = Math.sqrt(rate * result.throughput.mean)
  }
  return describe(run({ demands, size, load, rate, stall, seed, answers }))
}

/** What others do not depend on need not be found again. */
function passesOf(stalls: readonly Stall[], isOpen: boolean): number {
  if (!isOpen) return PASSES
  return stalls.length === 0 ? 1 : 2
}

/** What is done behind the answers comes in batches, which hold up others more than the CPU that they take. */
function stallsOf({ stalls, drain_stalls: whileDraining }: PipelineDemands, { isDraining }: PipelineSize) {
  return isDraining && whileDraining.length > 0 ? whileDraining : stalls
}

interface Pass {
  readonly demands: PipelineDemands
  readonly size: PipelineSize
  readonly load: PipelineLoad
  readonly rate: number
  readonly stall: StallMix
  readonly seed: number
  readonly answers: number
}

function run({ demands, size, load, rate, stall, seed, answers }: Pass): SimulationResult {
  const duration = answers / rate
  const arrivals: Simulation['arrivals'] =
    'customers' in load ? { customers: load.customers, think: constant(0) } : { ratePerSecond: load.ratePerSecond }
  return simulate({ ...pipelineRoute(demands, size, rate, stall), arrivals, warmUp: duration / 5, duration, seed })
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

function describe(result: SimulationResult): PipelinePrediction {
  const { throughput, responseTime, percentiles, refused, completed } = result
  return {
    throughput: throughput.mean,
    mean: responseTime.mean,
    p99: percentiles.p99,
    refused,
    completed,
    use: usesOf(result),
  }
}

function usesOf({ resources }: SimulationResult): StationUse[] {
  return resources.flatMap(({ name: station, utilisation: share, units }) =>
    share === null ? [] : [{ station, share, units }],
  )
}

/** Of the machine that is used most. */
export function coresInUse(use: readonly StationUse[]): number {
  return Math.max(...use.filter(({ station }) => station.startsWith('cores')).map(({ share }) => share))
}
