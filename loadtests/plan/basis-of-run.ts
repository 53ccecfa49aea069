import { median } from '../analysis/bootstrap.ts'
import { answersOf, succeeded } from '../analysis/rounds.ts'
import { meanRate } from '../drivers/arrivals.ts'
import { UsageError } from '../errors.ts'
import { checkPointsLaws } from '../model/observe-points.ts'
import { calibratePipeline, type Tried } from '../model/pipeline/calibrate-pipeline.ts'
import type { Point, PointsRun } from '../points/points-file.ts'
import type { LimiterMode, ProcessKind, Profile, Trial } from '../run-file.ts'
import { WARM_UP_PEOPLE } from '../scenarios/scenario.ts'
import { connectionsOf, type Footprint } from './footprint.ts'
import { noiseOf } from './foretell.ts'
import type { BasisFile } from './plan-file.ts'

export const BASIS_PROFILE: Profile = {
  servers: 1,
  workers: 1,
  concurrency: 20,
  pool: 20,
  semaphore: 10,
  redis_connections: 1,
}
export const BASIS_ROUNDS = 2
/** Enough to have a server process at work all the time. */
const MANY = 16
/** So few people that the system falls asleep between them, and pays for waking up. */
const FEW_PER_SECOND = 25
/** So many hardly ever meet. */
const LIGHT_PER_SECOND = 50
/** Drained as they come, they keep all processes at work; any machine carries them. */
const DRAINED_PER_SECOND = 80

/**
 * What is measured for a plan: one size while nothing drains, under a few people per second and under as many as have it at
 * work, and at two loads while everything drains.
 */
export function basisPoints(
  mode: LimiterMode,
  choices: Pick<Point, 'codes' | 'db_latency_ms' | 'redis_latency_ms'>,
  semaphore: number,
): Point[] {
  const common = {
    ...choices,
    mode,
    profile: { ...BASIS_PROFILE, semaphore },
    polls: 0,
    think_ms: 0,
    drain: 'paused' as const,
    warm_up: 1,
    warm_up_people: WARM_UP_PEOPLE,
  }
  const few: Point = {
    ...common,
    name: `${FEW_PER_SECOND} people/s`,
    connections: 100,
    arrivals: { model: 'constant', rate: FEW_PER_SECOND },
    // In two rounds almost twice as many answers as a p99 needs.
    duration: 12,
  }
  const drained = [FEW_PER_SECOND, DRAINED_PER_SECOND].map(
    (rate): Point => ({
      ...few,
      name: `${rate} people/s, drained`,
      arrivals: { model: 'poisson', rate, seed: rate },
      drain: 'running',
    }),
  )
  const many: Point = {
    ...common,
    name: `${MANY} at a time`,
    connections: MANY,
    arrivals: null,
    // A bucket takes so many that draining them would be most of the time.
    duration: mode === 'token-bucket' ? 2 : 3,
  }
  return [few, many, ...drained]
}

/**
 * The basis of a plan, out of such a run.
 * @throws UsageError for a run that cannot be one: what is missing is named
 */
export function basisOfRun(run: PointsRun): BasisFile {
  const usable = run.points.filter(({ polls }) => polls === 0)
  const first = usable.find(isPaused)
  const points = usable.filter((point) => first !== undefined && isSameSize(point, first))
  const paused = points.filter(isPaused).length
  if (first === undefined || paused < 2)
    throw new UsageError(
      `${run.run_id} measured ${paused} loads of one size with the drain paused: a plan needs two at least. ` +
        'Leave --from out, and they are measured.',
    )
  if (!points.some((point) => isPaused(point) && isLight(point)))
    throw new UsageError(
      `${run.run_id} has no load under which nobody waits for others (1 connection, or at most ${LIGHT_PER_SECOND} people per ` +
        'second): what one redemption takes by itself cannot be told from it. Leave --from out, and it is measured.',
    )
  const names = new Set(points.map(({ name }) => name))
  const tried = points
    .map((point): Tried => ({ point, trials: run.trials.filter(({ profile }) => profile === point.name) }))
    .sort((a, b) => lightness(a.point) - lightness(b.point))
  if (tried.every(({ trials }) => trials.filter(succeeded).length === 1))
    throw new UsageError(
      `${run.run_id} has one trial of each load: how much this machine changes from one to the next is not known. Give ` +
        'one with --rounds 2 or more, or leave --from out.',
    )
  const { profile, db_latency_ms, redis_latency_ms } = first
  return {
    schema: 1,
    measured_at: run.started_at,
    run_id: run.run_id,
    environment: run.environment,
    demands: calibrate(run, tried),
    noise: noiseOf(tried, run.environment.cores),
    rounds: run.rounds,
    footprint: footprintOf(
      run.trials.filter((trial) => names.has(trial.profile)),
      profile,
    ),
    laws: checkPointsLaws(run),
    semaphore: profile.semaphore,
    db_latency_ms,
    redis_latency_ms,
  }
}

function isPaused({ drain }: Point): boolean {
  return drain === 'paused'
}

function isLight({ arrivals, connections }: Point): boolean {
  return arrivals === null ? connections === 1 : meanRate(arrivals) <= LIGHT_PER_SECOND
}

/** Arrivals at a rate before any closed loop. */
function lightness({ arrivals, connections }: Point): number {
  return arrivals === null ? connections : 0
}

function calibrate(run: PointsRun, tried: readonly Tried[]) {
  try {
    return calibratePipeline(tried, run.environment.cores)
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${run.run_id} cannot be planned from: ${error.message}.`)
    throw error
  }
}

function isSameSize(a: Point, b: Point): boolean {
  const sizeOf = ({ mode, profile, codes, db_latency_ms, redis_latency_ms }: Point) =>
    JSON.stringify([mode, profile, codes, db_latency_ms, redis_latency_ms])
  return sizeOf(a) === sizeOf(b)
}

/** Of the processes at the end of each load, and of what went over the wire. */
function footprintOf(trials: readonly Trial[], profile: Profile): Footprint {
  const loads = trials.filter(succeeded).flatMap(({ loads: all }) => all)
  const memory = (kind: ProcessKind) => Math.max(0, ...loads.map(({ memory_bytes }) => memory_bytes[kind] ?? 0))
  const perAnswer = (direction: 'sent' | 'received') => {
    const known = loads.flatMap((load) =>
      load.wire_bytes === null ? [] : [load.wire_bytes[direction] / Math.max(1, answersOf(load))],
    )
    return known.length === 0 ? null : median(known)
  }
  const [sent, received] = [perAnswer('sent'), perAnswer('received')]
  return {
    memory: {
      server: memory('server') / profile.servers,
      worker: memory('worker') / profile.workers,
      scheduler: memory('scheduler'),
      postgres: memory('postgres'),
      redis: memory('redis'),
    },
    connections: connectionsOf(profile),
    wire: sent === null || received === null ? null : { sent, received },
  }
}
