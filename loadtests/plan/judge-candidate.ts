import { median } from '../analysis/bootstrap.ts'
import { formatBytes, formatNumber, formatShare } from '../analysis/format.ts'
import type { PipelineDemands } from '../model/pipeline/pipeline-demands.ts'
import { demandsOfSize } from '../model/pipeline/pipeline-route.ts'
import type { Machines, PipelineSize } from '../model/pipeline/pipeline-size.ts'
import { delaysOf, type StationUse } from '../model/pipeline/predict-pipeline.ts'
import type { Figure } from '../points/point-figures.ts'
import type { Profile } from '../run-file.ts'
import { bandwidthOf, type Footprint, memoryOf, processMemoryOf } from './footprint.ts'
import { type Foretold, foretell, type Noise } from './foretell.ts'
import type { PlanRequest } from './plan-request.ts'

/** What is known of the system: the measurement that a plan stands on. */
export interface Basis {
  readonly demands: PipelineDemands
  readonly noise: readonly Noise[]
  readonly rounds: number
  readonly footprint: Footprint
  /** Places of the semaphore, which a plan leaves as they are. */
  readonly semaphore: number
}

/** A profile, what it would do, and why it would not do. */
export interface Candidate {
  readonly profile: Profile
  /** The load is made by the same machine, as in a verification. */
  readonly hasGenerator: boolean
  readonly rate: number
  readonly throughput: Foretold
  readonly mean: Foretold
  readonly p99: Foretold
  readonly use: readonly StationUse[]
  readonly bottleneck: StationUse
  readonly memoryBytes: number
  readonly megabitsPerSecond: number | null
  /** In words, the worst first; empty for a profile that meets the target. */
  readonly blocked: readonly string[]
  /** It is blocked by nothing but what a larger profile of the same machine has no more of. */
  readonly isWalled: boolean
}

/** What a profile has more of than a smaller one. */
const OF_PROFILE = new Set(['server', 'worker', 'pool', 'jobs', 'semaphore'])

/** A station that is fuller than this answers, but any surge makes a queue that lasts. */
export const MOST_USE = 0.9
/** A plan holds what will be measured in one verification of so many rounds. */
export const VERIFY_ROUNDS = 3
const ANSWERS = 6_000

/**
 * Foretells one profile at the rate that so many users make.
 * @param hasGenerator as the candidate has it
 */
export function judgeCandidate(
  request: PlanRequest,
  basis: Basis,
  profile: Profile,
  { hasGenerator = false }: { readonly hasGenerator?: boolean } = {},
): Candidate {
  const demands = fasterPostgres(basis.demands, request.whatIf.postgresSpeed)
  const size = { ...sizeOf(request, profile), hasGenerator }
  // Who waits for an answer comes again later.
  const meanAlone = demands.alone.reduce((sum, seconds) => sum + seconds, 0) / demands.alone.length
  const rate = request.users / (request.think + meanAlone)
  const memoryBytes = memoryOf(basis.footprint, profile)
  const megabits = bandwidthOf(basis.footprint, rate)
  const limits = overflows(request, basis.footprint, profile, megabits)
  const full = fullStations(demands, size, rate)
  const known = { profile, hasGenerator, rate, memoryBytes, megabitsPerSecond: megabits }
  if (full.length > 0) return saturated(known, full, limits)
  const what = { demands, size, load: { ratePerSecond: rate } }
  const rounds = { calibration: basis.rounds, measured: VERIFY_ROUNDS }
  const { figures: atHome, prediction } = foretell(what, basis.noise, rounds, ANSWERS)
  const figures = overRegions(atHome, request)
  const { use, completed } = prediction
  const busy = use.filter(({ share }) => share > MOST_USE).sort((a, b) => b.share - a.share)
  const late = figures.p99.value > request.p99 ? [tellLate(figures.p99.value, request.p99)] : []
  const behind =
    completed < 0.95 * rate && busy.length === 0
      ? [`invites: ${formatNumber(completed)} of ${formatNumber(rate)} per second are sent, the rest piles up`]
      : []
  return {
    ...known,
    ...figures,
    use,
    bottleneck: fullestOf(use),
    blocked: [...busy.map(tellUse), ...late, ...behind, ...limits],
    isWalled:
      behind.length === 0 &&
      (late.length === 0 || isLateAlone(request, demands, size)) &&
      isWall(busy, [...limits, ...late]),
  }
}

export function sizeOf(request: PlanRequest, profile: Profile): PipelineSize {
  const { mode, isHot, dbLatency, redisLatency, whatIf } = request
  return {
    mode,
    profile,
    isHot,
    dbLatency,
    redisLatency,
    // One code's bucket lives on one node, however many there are.
    redisNodes: isHot ? 1 : whatIf.redisNodes,
    isDraining: true,
    hasGenerator: false,
    machines: machinesOf(request),
  }
}

/** Who is in another region than the codes waits for the way there and back as well. */
function overRegions(
  { throughput, mean, p99 }: Pick<Candidate, Figure>,
  { whatIf: { regions, regionRoundTrip } }: PlanRequest,
): Pick<Candidate, Figure> {
  if (regions === 1) return { throughput, mean, p99 }
  const plus = ({ value, low, high }: Foretold, seconds: number) => ({
    value: value + seconds,
    low: low + seconds,
    high: high + seconds,
  })
  const remote = (regions - 1) / regions
  return { throughput, mean: plus(mean, remote * regionRoundTrip), p99: plus(p99, regionRoundTrip) }
}

/** All on one, or servers and workers together on so many and each store on one of its own. */
function machinesOf({ machine: { cores }, whatIf: { instances } }: PlanRequest): Machines {
  if (instances === 1) return { shared: cores }
  return { instances: instances * cores, postgres: cores, redis: cores }
}

function fasterPostgres(demands: PipelineDemands, factor: number): PipelineDemands {
  if (factor === 1) return demands
  return {
    ...demands,
    levels: demands.levels.map(({ rate, accept, drain }) => ({
      rate,
      accept: { ...accept, postgres: accept.postgres / factor },
      drain: { ...drain, postgres: drain.postgres / factor },
    })),
  }
}

/** By the utilisation law alone: what is asked of a station per second over what it has. */
export function lawfulUse(demands: PipelineDemands, size: PipelineSize, rate: number): StationUse[] {
  const { profile, machines, redisNodes = 1 } = size
  const { accept, drain } = demandsOfSize(demands, profile, rate)
  const generator = size.hasGenerator ? accept.generator : 0
  const onServers = accept.server + drain.server
  const onWorkers = drain.worker + drain.scheduler + drain.mail_sink
  const [postgres, redis] = [accept.postgres + drain.postgres, accept.redis + drain.redis]
  const stations = [
    ['server', onServers, profile.servers],
    ['worker', drain.worker, profile.workers],
    ['scheduler', drain.scheduler, 1],
    ['redis', redis, redisNodes],
    ['generator', generator, 1],
    ...('shared' in machines
      ? [['cores', onServers + onWorkers + postgres + redis + generator + accept.delay_proxy, machines.shared]]
      : [
          ['cores of instances', onServers + onWorkers, machines.instances],
          ['cores of postgres', postgres, machines.postgres],
        ]),
  ] as [string, number, number][]
  return stations.map(([station, demand, units]) => ({ station, share: (rate * demand) / units, units }))
}

function fullStations(demands: PipelineDemands, size: PipelineSize, rate: number): StationUse[] {
  return lawfulUse(demands, size, rate)
    .filter(({ share }) => share >= 1)
    .sort((a, b) => b.share - a.share)
}

/** No simulation: its line only grows. */
function saturated(
  known: Pick<Candidate, 'profile' | 'hasGenerator' | 'rate' | 'memoryBytes' | 'megabitsPerSecond'>,
  full: readonly StationUse[],
  limits: readonly string[],
): Candidate {
  const never: Foretold = {
    value: Number.POSITIVE_INFINITY,
    low: Number.POSITIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
  }
  const bottleneck = fullestOf(full)
  const throughput = known.rate / bottleneck.share
  return {
    ...known,
    throughput: { value: throughput, low: throughput, high: throughput },
    mean: never,
    p99: never,
    use: full,
    bottleneck,
    blocked: [...full.map(tellUse), ...limits],
    isWalled: isWall(full, limits),
  }
}

/** Also half of those who meet nobody would wait for longer. */
function isLateAlone({ p99, whatIf }: PlanRequest, demands: PipelineDemands, size: PipelineSize): boolean {
  const away = whatIf.regions > 1 ? whatIf.regionRoundTrip : 0
  return median(demands.alone) + delaysOf(size) + away > p99
}

function isWall(full: readonly StationUse[], limits: readonly string[]): boolean {
  return full.length + limits.length > 0 && full.every(({ station }) => !OF_PROFILE.has(station))
}

/** Of several machines the stores have some of their own. */
function overflows(
  { machine, whatIf: { instances } }: PlanRequest,
  footprint: Footprint,
  profile: Profile,
  megabits: number | null,
): string[] {
  const memory = machine.memoryBytes * instances
  const needed = instances === 1 ? memoryOf(footprint, profile) : processMemoryOf(footprint, profile)
  const bandwidth = machine.megabitsPerSecond * instances
  return [
    ...(needed > memory ? [`memory: ${formatBytes(needed)} of ${formatBytes(memory)}`] : []),
    ...(megabits !== null && megabits > bandwidth
      ? [`bandwidth: ${formatNumber(megabits)} of ${formatNumber(bandwidth)} Mbit/s`]
      : []),
  ]
}

function tellUse({ station, share }: StationUse): string {
  return `${station}: ${formatShare(share)} of what it has`
}

function tellLate(p99: number, wanted: number): string {
  return `p99: ${formatNumber(1_000 * p99)} ms, ${formatNumber(1_000 * wanted)} ms are wanted`
}

function fullestOf(use: readonly StationUse[]): StationUse {
  return use.reduce((fullest, each) => (each.share > fullest.share ? each : fullest), {
    station: 'nothing',
    share: 0,
    units: 1,
  })
}
