import { type Point, peakOf, predictionInterval, throughputAt, type UslFit } from './usl.ts'

/** Further out than this multiple of the greatest measured load, a fit has been seen to miss by 42 % (specsdm91). */
export const TRUSTED_RANGE = 1.5
/** How near prediction and demand bound must be to agree. */
const AGREEMENT = 0.1
/** Residuals above this share of the mean throughput: the points do not lie on such a curve. */
const ROUGH = 0.1

export interface PredictionOptions {
  /** Loads to predict; otherwise the measured ones, the peak where it is near, and the end of the trusted range. */
  readonly at?: readonly number[] | undefined
  readonly thinkTime: number
  /** Seconds that the busiest resource needs per customer, if that was measured: X ≤ 1/Dmax. */
  readonly busiestDemand?: number | undefined
}

export interface UslPrediction {
  readonly n: number
  readonly x: number
  /** Seconds: n/x less the think time. */
  readonly r: number
  readonly low: number
  readonly high: number
  readonly extrapolated: boolean
}

export function predictUsl(points: readonly Point[], fit: UslFit, options: PredictionOptions) {
  const trusted = TRUSTED_RANGE * greatestLoad(points)
  const loads = options.at ?? loadsToShow(points, fit, trusted)
  const predictions = loads.map((n): UslPrediction => {
    const x = throughputAt(fit, n)
    const { low, high } = predictionInterval(fit, n)
    const agrees = isNear(x, options.busiestDemand)
    return { n, x, r: Math.max(0, n / x - options.thinkTime), low, high, extrapolated: n > trusted && !agrees }
  })
  return { predictions, warnings: [...warnOfFit(points, fit), ...warnOfPredictions(predictions, trusted, options)] }
}

function loadsToShow(points: readonly Point[], fit: UslFit, trusted: number): number[] {
  const peak = peakOf(fit)
  const near = peak !== null && peak.n <= trusted ? [peak.n] : []
  return [...new Set([...points.map(({ n }) => n), ...near, Math.floor(trusted)])].sort((a, b) => a - b)
}

function isNear(x: number, busiestDemand: number | undefined): boolean {
  return busiestDemand !== undefined && Math.abs(x * busiestDemand - 1) <= AGREEMENT
}

function warnOfFit(points: readonly Point[], fit: UslFit): string[] {
  const warnings: string[] = []
  const mean = points.reduce((sum, { x }) => sum + x, 0) / points.length
  if (fit.residualDeviation > ROUGH * mean)
    warnings.push(
      `the points lie ${percent(fit.residualDeviation / mean)} off the curve: this law does not describe them`,
    )
  if (fit.alpha === 1 && points.every(({ n }) => n > 1))
    warnings.push(
      'every load is at the bend or beyond it (alpha is 1): what one alone reaches (gamma), and where the bend is, cannot be ' +
        'told from them. Measure smaller loads',
    )
  const peak = peakOf(fit)
  const greatest = greatestLoad(points)
  if (peak !== null && fit.intervals.beta.low <= 0)
    warnings.push('beta may be 0, so that the peak may not exist: measure higher loads')
  if (peak !== null && peak.n > TRUSTED_RANGE * greatest)
    warnings.push(`the peak at n = ${short(peak.n)} is an extrapolation: nothing was measured above ${short(greatest)}`)
  return warnings
}

function warnOfPredictions(
  predictions: readonly UslPrediction[],
  trusted: number,
  { busiestDemand }: PredictionOptions,
): string[] {
  const warnings: string[] = []
  const far = predictions.filter(({ extrapolated }) => extrapolated).map(({ n }) => short(n))
  if (far.length > 0)
    warnings.push(
      `EXTRAPOLATED, do not rely on n = ${far.join(', ')}: more than ${TRUSTED_RANGE} × what was measured (up to ${short(trusted)} is trusted), and no demand bound agrees`,
    )
  if (busiestDemand === undefined) return warnings
  const impossible = predictions.filter(({ x }) => x * busiestDemand > 1 + AGREEMENT)
  const loads = impossible.map(({ n }) => short(n)).join(', ')
  if (impossible.length > 0)
    warnings.push(
      `a demand of ${short(busiestDemand)} s allows ${short(1 / busiestDemand)} per second at most, less than predicted at n = ${loads}`,
    )
  return warnings
}

function greatestLoad(points: readonly Point[]): number {
  return Math.max(...points.map(({ n }) => n))
}

function percent(share: number): string {
  return `${short(100 * share)} %`
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}
