import { median } from '../analysis/bootstrap.ts'
import { succeeded } from '../analysis/rounds.ts'
import { studentQuantile } from '../analysis/student-t.ts'
import type { Tried } from '../model/pipeline/calibrate-pipeline.ts'
import type { PipelineDemands } from '../model/pipeline/pipeline-demands.ts'
import type { PipelineSize } from '../model/pipeline/pipeline-size.ts'
import {
  coresInUse,
  delaysOf,
  type PipelineLoad,
  type PipelinePrediction,
  predictPipeline,
} from '../model/pipeline/predict-pipeline.ts'
import { sizeOfPoint } from '../model/pipeline/size-of-point.ts'
import { FIGURES, type Figure, figuresOf } from '../points/point-figures.ts'

/** One figure foretold, and where it will lie in 90 of 100 cases. */
export interface Foretold {
  readonly value: number
  readonly low: number
  readonly high: number
}

/**
 * How much the machine itself changes from round to round: standard deviations of the logarithm of what an answer takes
 * beyond the delays before the stores, which hardly change. A busy machine changes more than an idle one.
 */
export interface Noise {
  /** Share of the cores that was in use, 0…1. */
  readonly use: number
  readonly mean: number
  readonly p99: number
  /** Degrees of freedom of both: a deviation of few rounds may well be larger than it looks. */
  readonly freedom: number
}

/**
 * What the model is off beside the noise, as standard deviations of the logarithm: of any figure, and of the part of it that
 * depends on the machine's speed (distances are known, CPU is not). About what studies of accuracy left over.
 */
export const MODEL_ERROR = { ofAll: 0.005, ofSpeed: 0.12 } as const

/** Half of what is outside of an interval of 90 % lies above it. */
const UPPER = 0.95
/** 90 % of a normal distribution lie within so many standard deviations. */
const Z90 = 1.645
/** A machine that is so much slower shows how much a figure depends on its speed. */
const SLOWER = 1.1

/** Where nothing changes, nothing is unsure of it. */
const MANY = 1e6

/** A level has few rounds of its own: what all of them have in common counts like so many more. */
const COMMON_FREEDOM = 1

interface Deviations {
  readonly squares: number
  readonly freedom: number
}

/**
 * At each load that was measured, by the use of the cores: points with as many connections are pooled. Deviations of each
 * round from its point's median, less a degree of freedom for each point.
 */
export function noiseOf(tried: readonly Tried[], cores: number): Noise[] {
  const loads = [...new Set(tried.map(({ point }) => point.connections))]
  const of = (figure: 'mean' | 'p99', some: readonly Tried[]) => {
    const own = deviationsOf(some, figure)
    const { squares, freedom } = deviationsOf(tried, figure)
    const common = freedom === 0 ? 0 : squares / freedom
    return Math.sqrt((own.squares + COMMON_FREEDOM * common) / (own.freedom + COMMON_FREEDOM))
  }
  const levels = loads.map((connections) => {
    const some = tried.filter(({ point }) => point.connections === connections)
    const freedom = deviationsOf(some, 'mean').freedom + COMMON_FREEDOM
    return { use: useOf(some, cores), mean: of('mean', some), p99: of('p99', some), freedom }
  })
  return levels.sort((a, b) => a.use - b.use)
}

function deviationsOf(tried: readonly Tried[], figure: 'mean' | 'p99'): Deviations {
  let [squares, freedom] = [0, 0]
  for (const { point, trials } of tried) {
    const delays = delaysOf(sizeOfPoint(point, 1))
    const values = trials.flatMap((trial) => {
      const seconds = figuresOf(trial)?.[figure]
      return seconds === undefined || seconds <= delays ? [] : [seconds - delays]
    })
    if (values.length < 2) continue
    const middle = median(values)
    squares += values.reduce((sum, value) => sum + Math.log(value / middle) ** 2, 0)
    freedom += values.length - 1
  }
  return { squares, freedom }
}

/** Counted CPU of all processes over what the machine has. */
function useOf(tried: readonly Tried[], cores: number): number {
  const uses = tried.flatMap(({ trials }) =>
    trials.filter(succeeded).flatMap(({ loads: [load] }) => {
      const cpuMs = Object.values(load?.cpu_ms ?? {}).reduce((sum, ms) => sum + ms, 0)
      return load === undefined || load.seconds === 0 ? [] : [cpuMs / 1_000 / load.seconds / cores]
    }),
  )
  return uses.length === 0 ? 0 : median(uses)
}

/** A standard deviation of the logarithm, known from so many degrees of freedom. */
interface Deviation {
  readonly value: number
  readonly freedom: number
}

/**
 * Between two measured loads by the use of the cores; the nearer one's outside of them. What lies between is as sure as its
 * parts make it (Welch and Satterthwaite): the variance of a deviation s is about s² over twice its degrees of freedom.
 */
function noiseAt(noise: readonly Noise[], use: number, figure: 'mean' | 'p99'): Deviation {
  const above = noise.find((each) => each.use >= use) ?? noise.at(-1)
  const below = noise.findLast((each) => each.use <= use) ?? above
  if (above === undefined || below === undefined) return { value: 0, freedom: MANY }
  const share = above.use === below.use ? 0 : (use - below.use) / (above.use - below.use)
  const parts = [
    { value: (1 - share) * below[figure], freedom: below.freedom },
    { value: share * above[figure], freedom: above.freedom },
  ]
  const value = parts.reduce((sum, part) => sum + part.value, 0)
  const unsure = parts.reduce((sum, part) => sum + part.value ** 2 / part.freedom, 0)
  return { value, freedom: unsure === 0 ? MANY : value ** 2 / unsure }
}

export interface Rounds {
  readonly calibration: number
  readonly measured: number
}

/**
 * Foretells a size, with the intervals of medians over so many rounds: the noise of the calibration and of what will be
 * measured, as far as a figure depends on the machine's speed, and the model's own error, as independent of each other.
 */
export function foretell(
  {
    demands,
    size,
    load,
  }: { readonly demands: PipelineDemands; readonly size: PipelineSize; readonly load: PipelineLoad },
  noise: readonly Noise[],
  rounds: Rounds,
  answers?: number,
): { readonly figures: Readonly<Record<Figure, Foretold>>; readonly prediction: PipelinePrediction } {
  const options = answers === undefined ? {} : { answers }
  const prediction = predictPipeline(demands, size, load, options)
  const slower = predictPipeline(slowedDown(demands, SLOWER), size, load, options)
  const use = coresInUse(prediction.use)
  const spread = Math.sqrt(1 / rounds.calibration + 1 / rounds.measured)
  const interval = (figure: Figure): Foretold => {
    const dependence = Math.abs(Math.log(slower[figure] / prediction[figure]) / Math.log(SLOWER))
    const noiseThere = noiseAt(noise, use, figure === 'p99' ? 'p99' : 'mean')
    const machine = noiseThere.value * spread
    const wide = studentQuantile(UPPER, noiseThere.freedom)
    const ofSpeed = Math.hypot(wide * machine, Z90 * MODEL_ERROR.ofSpeed)
    const factor = Math.exp(Math.hypot(dependence * ofSpeed, Z90 * MODEL_ERROR.ofAll))
    const value = prediction[figure]
    return { value, low: value / factor, high: value * factor }
  }
  const figures = Object.fromEntries(FIGURES.map((figure) => [figure, interval(figure)])) as Record<Figure, Foretold>
  return { figures, prediction }
}

/** The same on a machine that takes so many times as long for everything. */
export function slowedDown(demands: PipelineDemands, factor: number): PipelineDemands {
  const times = <Values extends Record<string, number>>(values: Values): Values =>
    Object.fromEntries(Object.entries(values).map(([kind, value]) => [kind, factor * value])) as Values
  const slower = (stalls: PipelineDemands['stalls']) =>
    stalls.map((stall) => ({ ...stall, seconds: factor * stall.seconds }))
  return {
    ...demands,
    levels: demands.levels.map(({ rate, accept, drain }) => ({ rate, accept: times(accept), drain: times(drain) })),
    alone: demands.alone.map((seconds) => factor * seconds),
    stalls: slower(demands.stalls),
    // The loads at which they were measured would have taken as much more of the cores.
    drain_stalls: slower(demands.drain_stalls).map((stall) => ({ ...stall, at: factor * stall.at })),
  }
}
