import type { Histogram } from 'hdr-histogram-js'
import { median } from '../../analysis/bootstrap.ts'
import { mergeHistograms } from '../../analysis/histograms.ts'
import { answersOf, loadOf, succeeded } from '../../analysis/rounds.ts'
import { medianFigures } from '../../points/point-figures.ts'
import type { Point } from '../../points/points-file.ts'
import type { ProcessKind, Trial } from '../../run-file.ts'
import type { AcceptDemand, Correction, DrainDemand, Level, PipelineDemands } from './pipeline-demands.ts'
import { coresInUse, delaysOf, predictPipeline } from './predict-pipeline.ts'
import { loadOfPoint, sizeOfPoint } from './size-of-point.ts'

/** A point that was tried, by its own trials. */
export interface Tried {
  readonly point: Point
  readonly trials: readonly Trial[]
}

/** Steps in which a measured distribution is kept. */
const STEPS = 200

/**
 * Demands out of closed loops with the drain paused: one connection alone first, then more and more. What the simulation
 * lacks at these loads is kept as a correction.
 * @param cores of the machine
 * @throws RangeError when a point has no trial that counts, or trials without the CPU of their processes
 */
export function calibratePipeline(tried: readonly Tried[], cores: number): PipelineDemands {
  const [light] = tried
  if (light === undefined || tried.length < 2) throw new RangeError('a calibration needs two loads at least')
  const demands: PipelineDemands = {
    mode: light.point.mode,
    cores,
    levels: tried.map(levelOf).sort((a, b) => a.rate - b.rate),
    alone: aloneOf(light),
    corrections: [],
  }
  const corrections = tried.map((each) => correctionOf(demands, each)).sort((a, b) => a.use - b.use)
  return { ...demands, corrections }
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

function correctionOf(demands: PipelineDemands, { point, trials }: Tried): Correction {
  const size = sizeOfPoint(point, demands.cores)
  const foretold = predictPipeline(demands, size, loadOfPoint(point))
  const measured = medianFigures(trials)
  const delays = delaysOf(size)
  const factor = (seconds: number, simulated: number) =>
    Math.max(1e-6, seconds - delays) / Math.max(1e-6, simulated - delays)
  return {
    use: coresInUse(foretold.use),
    mean: measured === null ? 1 : factor(measured.mean, foretold.mean),
    p99: measured === null ? 1 : factor(measured.p99, foretold.p99),
  }
}
