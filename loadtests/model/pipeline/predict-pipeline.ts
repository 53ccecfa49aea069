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
  /** At each server process, of those who do not stand in line for a connection or a place. */
  readonly underWay: number
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
/** Who waits for one of these keeps no process at work. */
const LINES = new Set(['pool', 'semaphore'])
/** Where fewer are answered, the line grows: then the rate is what the system can do. */
const NEARLY_ALL = 0.99
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
  const { stalls, axis } = stallsOf(demands, size)
  let stall: StallMix = []
  for (let pass = 1; pass < passesOf(stalls, isOpen); pass++) {
    const result = run({ demands, size, load, rate, stall, seed, answers: answers / 4 })
    stall = stallsAt(stalls, placeOn(axis, describe(result, size, load)))
    // Half of the way each time: demands that fall as the rate grows would make it swing.
    if (!isOpen) rate = Math.sqrt(rate * result.throughput.mean)
  }
  return describe(run({ demands, size, load, rate, stall, seed, answers }), size, load)
}

/** What others do not depend on need not be found again. */
function passesOf(stalls: readonly Stall[], isOpen: boolean): number {
  if (!isOpen) return PASSES
  return stalls.length === 0 ? 1 : 2
}

/** What the stalls of a list are ordered by. */
export type StallAxis = 'under way' | 'use'

/** What is done behind the answers comes in batches, which hold up others more than the CPU that they take. */
function stallsOf(
  demands: PipelineDemands,
  { isDraining }: PipelineSize,
): { stalls: readonly Stall[]; axis: StallAxis } {
  return isDraining && demands.drain_stalls.length > 0
    ? { stalls: demands.drain_stalls, axis: 'use' }
    : { stalls: demands.stalls, axis: 'under way' }
}

/** Where a load lies among the ones at which stalls were measured. */
export function placeOn(axis: StallAxis, { use, underWay }: PipelinePrediction): number {
  return axis === 'use' ? coresInUse(use) : Math.log(Math.max(1, underWay))
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
  const cores = 'shared' in machines ? machines.shared : machines.instances
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

function describe(result: SimulationResult, { profile }: PipelineSize, load: PipelineLoad): PipelinePrediction {
  const { throughput, responseTime, percentiles, refused, completed, resources } = result
  const inLine = resources.reduce((sum, { name, waiting }) => sum + (LINES.has(name) ? waiting : 0), 0)
  return {
    throughput: answeredPerSecond(result, load),
    mean: responseTime.mean,
    p99: percentiles.p99,
    refused,
    completed,
    // Little's law over all, less those in line.
    underWay: (throughput.mean * responseTime.mean - inLine) / profile.servers,
    use: usesOf(result),
  }
}

/** How many came by themselves is chance in a simulation; as long as all of them are answered, it is not what was asked. */
function answeredPerSecond({ arrived, throughput }: SimulationResult, load: PipelineLoad): number {
  const share = throughput.mean / arrived
  return 'ratePerSecond' in load && share > NEARLY_ALL ? share * load.ratePerSecond : throughput.mean
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
