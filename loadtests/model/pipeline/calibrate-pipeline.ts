import type { Histogram } from 'hdr-histogram-js'
import { median } from '../../analysis/bootstrap.ts'
import { mergeHistograms } from '../../analysis/histograms.ts'
import { answersOf, loadOf, succeeded } from '../../analysis/rounds.ts'
import { medianFigures } from '../../points/point-figures.ts'
import type { Point } from '../../points/points-file.ts'
import type { ProcessKind, Trial } from '../../run-file.ts'
import type { AcceptDemand, DrainDemand, Level, PipelineDemands, Stall } from './pipeline-demands.ts'
import { coresInUse, delaysOf, predictPipeline } from './predict-pipeline.ts'
import { loadOfPoint, sizeOfPoint } from './size-of-point.ts'

/** A point that was tried, by its own trials. */
export interface Tried {
  readonly point: Point
  readonly trials: readonly Trial[]
}

/** Steps in which a measured distribution is kept. */
const STEPS = 200
/** The search for a stall is to a thousandth of the latency. */
const HALVINGS = 10
const SEARCH_ANSWERS = 3_000

/**
 * Demands out of loads with the drain paused: first one under which hardly anybody waits for others, then more and more.
 * What a redemption waited for beyond what the simulation has is kept as a stall; loads that were drained as they came tell
 * the stalls of that alone.
 * @param cores of the machine
 * @throws RangeError when a point has no trial that counts, or trials without the CPU of their processes
 */
export function calibratePipeline(tried: readonly Tried[], cores: number): PipelineDemands {
  const paused = tried.filter(({ point }) => point.drain === 'paused')
  const [light] = paused
  if (light === undefined || paused.length < 2) throw new RangeError('a calibration needs two loads at least')
  const demands: PipelineDemands = {
    mode: light.point.mode,
    cores,
    levels: paused.map(levelOf).sort((a, b) => a.rate - b.rate),
    alone: aloneOf(light),
    stalls: [],
    drain_stalls: [],
  }
  const stallsOf = (some: readonly Tried[]) => some.map((each) => stallOf(demands, each)).sort((a, b) => a.use - b.use)
  const drained = tried.filter(({ point }) => point.drain === 'running')
  return { ...demands, stalls: stallsOf(paused), drain_stalls: stallsOf(drained) }
}

function levelOf({ point, trials }: Tried): Level {
  const counted = trials.flatMap((trial) => {
    const load = loadOf(trial, 'paused')
    return load && trial.work && succeeded(trial) && answersOf(load) > 0 ? [{ load, work: trial.work }] : []
  })
  if (counted.length === 0) throw new RangeError(`"${point.name}" has no trial that counts`)
  const perAnswer = (kind: ProcessKind) =>
    median(counted.map(({ load }) => (load.cpu_ms[kind] ?? 0) / 1_000 / answersOf(load)))
  const perDrained = (kind: ProcessKind) =>
    median(counted.map(({ work }) => (work.drain_cpu_ms[kind] ?? 0) / 1_000 / Math.max(1, work.redemptions)))
  const accept: AcceptDemand = {
    server: perAnswer('server'),
    postgres: perAnswer('postgres'),
    redis: perAnswer('redis'),
    generator: perAnswer('generator'),
    delay_proxy: perAnswer('delay_proxy'),
  }
  if (accept.server === 0) throw new RangeError(`the trials of "${point.name}" do not know the CPU of their processes`)
  const drain: DrainDemand = {
    worker: perDrained('worker'),
    scheduler: perDrained('scheduler'),
    server: perDrained('server'),
    postgres: perDrained('postgres'),
    redis: perDrained('redis'),
    mail_sink: perDrained('mail_sink'),
  }
  return { rate: median(counted.map(({ load }) => answersOf(load) / load.seconds)), accept, drain }
}

/** Seconds at equal steps of the distribution, less the delays before the stores. */
function aloneOf({ point, trials }: Tried): number[] {
  const histogram = mergeHistograms(
    trials.filter(succeeded).flatMap(({ loads }) => loads.map((load) => load.histogram)),
  )
  if (histogram === null) throw new RangeError(`"${point.name}" has no answers`)
  const delays = delaysOf(sizeOfPoint(point, 1))
  return quantiles(histogram).map((seconds) => Math.max(0, seconds - delays))
}

function quantiles(histogram: Histogram): number[] {
  return Array.from({ length: STEPS }, (_, step) => histogram.getValueAtPercentile((100 * (step + 0.5)) / STEPS) / 1e6)
}

/** The stall with which the simulation takes as long as was measured; 0 where it takes longer without any. */
function stallOf(demands: PipelineDemands, { point, trials }: Tried): Stall {
  const size = sizeOfPoint(point, demands.cores)
  const wanted = medianFigures(trials)?.mean ?? 0
  const withStall = (seconds: number) => {
    const stalls = [{ use: 0, seconds }]
    const stalled = { ...demands, stalls, drain_stalls: stalls }
    return predictPipeline(stalled, size, loadOfPoint(point), { answers: SEARCH_ANSWERS })
  }
  let [low, high] = [0, wanted]
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2
    if (withStall(middle).mean < wanted) low = middle
    else high = middle
  }
  return { use: coresInUse(withStall(low).use), seconds: low }
}
