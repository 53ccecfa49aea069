import type { Histogram } from 'hdr-histogram-js'
import { median } from '../../analysis/bootstrap.ts'
import { mergeHistograms } from '../../analysis/histograms.ts'
import { answersOf, loadOf, succeeded } from '../../analysis/rounds.ts'
import { medianFigures } from '../../points/point-figures.ts'
import type { Point } from '../../points/points-file.ts'
import type { ProcessKind, Trial } from '../../run-file.ts'
import {
  type AcceptDemand,
  type DrainDemand,
  demandsAt,
  type Level,
  type PipelineDemands,
  type Stall,
} from './pipeline-demands.ts'
import { delaysOf, placeOn, predictPipeline, type StallAxis } from './predict-pipeline.ts'
import { loadOfPoint, sizeOfPoint } from './size-of-point.ts'

/** A point that was tried, by its own trials. */
export interface Tried {
  readonly point: Point
  readonly trials: readonly Trial[]
}

/** Steps in which a measured distribution is kept. */
const STEPS = 200
/** The search for a stall is to a thousandth of the latency, … */
const HALVINGS = 10
const SEARCH_ANSWERS = 3_000
/** Its p99 rests on the last 1 % of them. */
const TAIL_ANSWERS = 10_000
/** Seconds; a load with less tells nothing of how stalls are spread. */
const SHORTEST_STALL = 1e-4
const FEWEST_HIT = 0.25
/** … and the one for how few it meets is to a twentieth of them. */
const HIT_HALVINGS = 5

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
  const drained = tried.filter(({ point }) => point.drain === 'running')
  const demands: PipelineDemands = {
    mode: light.point.mode,
    cores,
    levels: levelsOf(paused, drained),
    alone: aloneOf(light),
    stalls: [],
    drain_stalls: [],
  }
  return { ...demands, stalls: stallsOf(demands, paused, 'under way'), drain_stalls: stallsOf(demands, drained, 'use') }
}

/**
 * What it costs to accept, out of loads with the drain paused. What it costs to drain: a backlog goes out in large batches, as
 * it does behind many people; behind a few each is a batch of its own, which loads that were drained as they came have counted.
 */
function levelsOf(paused: readonly Tried[], drained: readonly Tried[]): Level[] {
  const byRate = (a: Level, b: Level) => a.rate - b.rate
  const levels = paused.map(levelOf).sort(byRate)
  const running = drained.map((tried) => drainedLevelOf(tried, levels)).sort(byRate)
  const most = running.at(-1)?.rate ?? 0
  const merged = levels.map((level) =>
    level.rate <= most ? { ...level, drain: demandsAt({ levels: running }, level.rate).drain } : level,
  )
  return [...merged, ...running].sort(byRate)
}

/** What is not the accepting is the drain. */
function drainedLevelOf({ point, trials }: Tried, levels: readonly Level[]): Level {
  const loads = trials.filter(succeeded).flatMap((trial) => loadOf(trial, 'running') ?? [])
  const counted = loads.filter((load) => answersOf(load) > 0)
  if (counted.length === 0) throw new RangeError(`"${point.name}" has no trial that counts`)
  const perAnswer = (kind: ProcessKind) =>
    median(counted.map((load) => (load.cpu_ms[kind] ?? 0) / 1_000 / answersOf(load)))
  const rate = median(counted.map((load) => answersOf(load) / load.seconds))
  const { accept } = demandsAt({ levels }, rate)
  const beyond = (kind: 'server' | 'postgres' | 'redis') => Math.max(0, perAnswer(kind) - accept[kind])
  const drain: DrainDemand = {
    worker: perAnswer('worker'),
    scheduler: perAnswer('scheduler'),
    server: beyond('server'),
    postgres: beyond('postgres'),
    redis: beyond('redis'),
    mail_sink: perAnswer('mail_sink'),
  }
  return { rate, accept, drain }
}

/**
 * Counted CPU over redemptions, the median over rounds. D = U/X without either of them: neither the speed of arrival nor
 * idle time matters. Source: the service demand law, Lazowska et al., Quantitative System Performance (1984), ch. 3.
 */
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

/** By their place on the axis: first how long they are in the mean, then how few redemptions they meet. */
function stallsOf(demands: PipelineDemands, tried: readonly Tried[], axis: StallAxis): Stall[] {
  const all = tried.map((each) => ({ each, seconds: secondsOf(demands, each) }))
  const hit = hitOf(demands, all)
  const place = ({ each, seconds }: (typeof all)[number]) =>
    placeOn(axis, predictWith({ seconds, hit }, demands, each.point, SEARCH_ANSWERS))
  return all.map((one) => ({ at: place(one), seconds: one.seconds, hit })).sort((a, b) => a.at - b.at)
}

function predictWith(stall: Omit<Stall, 'at'>, demands: PipelineDemands, point: Point, answers: number) {
  const stalls = [{ ...stall, at: 0 }]
  const stalled = { ...demands, stalls, drain_stalls: stalls }
  return predictPipeline(stalled, sizeOfPoint(point, demands.cores), loadOfPoint(point), { answers })
}

/** The stall with which the simulation takes as long as was measured; 0 where it takes longer without any. */
function secondsOf(demands: PipelineDemands, { point, trials }: Tried): number {
  const wanted = medianFigures(trials)?.mean ?? 0
  let [low, high] = [0, wanted]
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2
    if (predictWith({ seconds: middle, hit: 1 }, demands, point, SEARCH_ANSWERS).mean < wanted) low = middle
    else high = middle
  }
  return low
}

/**
 * The fewer are held up, the longer for the same mean, and the later the slowest. Of all loads together, as the p99 of a
 * single one is mostly chance.
 */
function hitOf(demands: PipelineDemands, all: readonly { readonly each: Tried; readonly seconds: number }[]): number {
  const stalled = all.filter(({ seconds }) => seconds > SHORTEST_STALL)
  const isLate = (hit: number) => {
    const errors = stalled.map(({ each: { point, trials }, seconds }) => {
      const { p99 } = predictWith({ seconds, hit }, demands, point, TAIL_ANSWERS)
      return Math.log(p99 / (medianFigures(trials)?.p99 ?? p99))
    })
    return errors.reduce((sum, error) => sum + error, 0) >= 0
  }
  if (stalled.length === 0 || isLate(1)) return 1
  let [few, many] = [FEWEST_HIT, 1]
  for (let halving = 0; halving < HIT_HALVINGS; halving++) {
    const middle = Math.sqrt(few * many)
    if (isLate(middle)) few = middle
    else many = middle
  }
  return Math.sqrt(few * many)
}
