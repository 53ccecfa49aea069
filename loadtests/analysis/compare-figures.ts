import { mean, sampleStandardDeviation } from 'simple-statistics'
import { MINIMUM_ROUNDS } from './bootstrap.ts'
import { createRandom, drawNormal, type Random } from './random.ts'
import { studentCdf, studentQuantile } from './student-t.ts'

/** Of the interval and of the verdict: at most so many false alarms. */
export const FALSE_ALARMS = 0.05
/** The share of runs in which a difference of the detectable size is seen. */
export const POWER = 0.8

/** Fixed, so that rendering a run again gives the same interval. */
const SEED = 20_260_114
const RESAMPLES = 2000
/** Below so many rounds nothing is trimmed: what is left would be too few to tell how much they vary. */
const TRIMMED_FROM = 10
const TRIMMED_SHARE = 0.2

export type Verdict = 'higher' | 'lower' | 'no difference seen' | 'too few rounds'

/** The bounds are null where there were too few rounds. */
export interface RatioInterval {
  readonly estimate: number
  readonly low: number | null
  readonly high: number | null
}

/** How a figure of one subject stands to the same figure of another, from one value per whole round. */
export interface Comparison {
  readonly verdict: Verdict
  /** The least number of rounds on a side. */
  readonly rounds: number
  /** First over second with its 95 % interval; null when there is nothing to compare. */
  readonly ratio: RatioInterval | null
  /** How often chance alone makes so great a difference, 0…1. */
  readonly p: number | null
  /** The least change, as a share of the second, that is seen in 80 % of such runs. */
  readonly detectable: number | null
  /** The same where this is one of several comparisons that together raise a false alarm in so few cases. */
  detectableAt(falseAlarms: number): number | null
}

export interface CompareOptions {
  readonly resamples?: number
}

/**
 * Two subjects that were tried in the same rounds: the ratio of each round, so that the machine's drift cancels.
 * The interval is the symmetric studentised bootstrap over whole rounds of the trimmed mean of log ratios, and never
 * narrower than Student's; the percentile bootstrap of five rounds would raise more false alarms than 5 %. Below ten
 * rounds nothing is trimmed and the bootstrap is smoothed.
 * Sources: P. Hall, "On symmetric bootstrap confidence intervals", JRSS B 50 (1988); R. Wilcox, Introduction to Robust
 * Estimation and Hypothesis Testing, 3rd ed. (2012), §4.4 (trimmed means); T. Hesterberg, "What Teachers Should Know
 * About the Bootstrap", The American Statistician 69 (2015) (smoothing by s/√n). compare-figures.simulation.test.ts
 * counts its false alarms.
 * @param pairs both figures of each round, greater than 0; rounds in which one is not are left out
 */
export function comparePaired(
  pairs: readonly (readonly [number, number])[],
  { resamples = RESAMPLES }: CompareOptions = {},
): Comparison {
  const logs = pairs.filter(([a, b]) => a > 0 && b > 0).map(([a, b]) => Math.log(a / b))
  if (logs.length < MINIMUM_ROUNDS) return tooFew(logs.length, logs.length > 0 ? mean(logs) : null)
  const random = createRandom(SEED)
  const again = resampler(logs, random)
  return conclude(logs.length, locate(logs), () => locate(again()), resamples)
}

/**
 * Two subjects of different runs, by the same method (Yuen and Welch for two samples). Their rounds are not the same
 * ones, so that a drift of the machine from run to run does not cancel: give figures that are relative to a reference
 * of their own round, such as the ceiling, where there is one.
 */
export function compareUnpaired(
  first: readonly number[],
  second: readonly number[],
  { resamples = RESAMPLES }: CompareOptions = {},
): Comparison {
  const [a, b] = [toLogs(first), toLogs(second)]
  const rounds = Math.min(a.length, b.length)
  if (rounds < MINIMUM_ROUNDS) return tooFew(rounds, rounds > 0 ? mean(a) - mean(b) : null)
  const random = createRandom(SEED)
  const [againA, againB] = [resampler(a, random), resampler(b, random)]
  const again = () => subtract(locate(againA()), locate(againB()))
  return conclude(rounds, subtract(locate(a), locate(b)), again, resamples)
}

/** Where the middle of some logarithms lies, and how well that is known. */
interface Location {
  readonly middle: number
  readonly error: number
  /** Degrees of freedom of that error. */
  readonly df: number
}

function locate(logs: readonly number[]): Location {
  const cut = logs.length < TRIMMED_FROM ? 0 : Math.floor(TRIMMED_SHARE * logs.length)
  const sorted = [...logs].sort((a, b) => a - b)
  const kept = sorted.slice(cut, sorted.length - cut)
  const [least = 0, most = 0] = [kept[0], kept.at(-1)]
  const winsorised = sorted.map((value) => Math.min(Math.max(value, least), most))
  const deviation = sampleStandardDeviation(winsorised)
  const error = (deviation * Math.sqrt(logs.length - 1)) / Math.sqrt(kept.length * (kept.length - 1))
  return { middle: mean(kept), error, df: kept.length - 1 }
}

function subtract(a: Location, b: Location): Location {
  const variance = a.error ** 2 + b.error ** 2
  const df = variance ** 2 / (a.error ** 4 / a.df + b.error ** 4 / b.df)
  return { middle: a.middle - b.middle, error: Math.sqrt(variance), df: Number.isFinite(df) ? df : a.df + b.df }
}

function conclude(rounds: number, found: Location, again: () => Location, resamples: number): Comparison {
  const studentised = Array.from({ length: resamples }, () => distance(again(), found.middle)).sort((a, b) => a - b)
  const critical = (falseAlarms: number) => {
    const bootstrapped = studentised[Math.ceil((1 - falseAlarms) * resamples) - 1] ?? Number.POSITIVE_INFINITY
    return Math.max(bootstrapped, studentQuantile(1 - falseAlarms / 2, found.df))
  }
  const reach = found.error === 0 ? 0 : critical(FALSE_ALARMS) * found.error
  const detectableAt = (falseAlarms: number) =>
    found.error === 0 ? 0 : Math.expm1((critical(falseAlarms) + studentQuantile(POWER, found.df)) * found.error)
  const ratio = {
    estimate: Math.exp(found.middle),
    low: Math.exp(found.middle - reach),
    high: Math.exp(found.middle + reach),
  }
  const verdict = ratio.low > 1 ? 'higher' : ratio.high < 1 ? 'lower' : 'no difference seen'
  return {
    verdict,
    rounds,
    ratio,
    p: chanceOf(found, studentised),
    detectable: detectableAt(FALSE_ALARMS),
    detectableAt,
  }
}

/** The more cautious of both methods. */
function chanceOf(found: Location, studentised: readonly number[]): number {
  const t = distance(found, 0)
  const asFar = studentised.filter((value) => value >= t).length
  return Math.max((asFar + 1) / (studentised.length + 1), 2 * (1 - studentCdf(t, found.df)))
}

/** In standard errors; without an error any distance is endless. */
function distance({ middle, error }: Location, from: number): number {
  if (middle === from) return 0
  return error > 0 ? Math.abs(middle - from) / error : Number.POSITIVE_INFINITY
}

function tooFew(rounds: number, middle: number | null): Comparison {
  const ratio = middle === null ? null : { estimate: Math.exp(middle), low: null, high: null }
  return { verdict: 'too few rounds', rounds, ratio, p: null, detectable: null, detectableAt: () => null }
}

function toLogs(values: readonly number[]): number[] {
  return values.filter((value) => value > 0).map(Math.log)
}

/**
 * Draws whole rounds with replacement. Of few rounds many draws repeat one or two of them, so that they hardly vary and
 * their studentised distance is endless: those are smoothed by as much as their mean is uncertain.
 */
function resampler(values: readonly number[], random: Random): () => number[] {
  const spread = values.length < TRIMMED_FROM ? sampleStandardDeviation([...values]) / Math.sqrt(values.length) : 0
  const draw = () => values[Math.floor(random() * values.length)] as number
  if (spread === 0) return () => values.map(draw)
  return () => values.map(() => draw() + spread * drawNormal(random))
}
