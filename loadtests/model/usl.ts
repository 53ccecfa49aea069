import { quantileSorted } from 'simple-statistics'
import { createRandom, type Random } from '../analysis/random.ts'
import { studentQuantile } from '../analysis/student-t.ts'

/** Load n (people, connections, processes; at least one kind of it) and throughput x per second. */
export interface Point {
  readonly n: number
  readonly x: number
}

/**
 * Universal Scalability Law: X(N) = γN / (1 + α(N − 1) + βN(N − 1)); γ is the throughput at N = 1, α the share that
 * waits for others (contention), from 0 to 1; β the cost of agreeing with each other (coherency), ≥ 0.
 * Source: Gunther, Guerrilla Capacity Planning (2007), ch. 4.
 */
export interface Usl {
  readonly alpha: number
  readonly beta: number
  readonly gamma: number
}

export interface Range {
  readonly low: number
  readonly high: number
}

export interface UslFit extends Usl {
  /** Of the residuals, in the points' unit. */
  readonly residualDeviation: number
  /** Points beyond those that three parameters need. */
  readonly freedom: number
  /** 95 % intervals by resampled residuals. */
  readonly intervals: Readonly<Record<keyof Usl, Range>>
  /** Fits of resampled points, for the intervals of predictions. */
  readonly resampled: readonly Usl[]
}

/** Three parameters, and one point by which their error can be seen. */
export const MINIMUM_POINTS = 4
const RESAMPLES = 400
const COVERAGE = 0.95
/** A residual may be larger than what is expected at a small load; throughput stays above 0, and far enough to divide by. */
const LEAST_SHARE = 1e-3
const MOST_STEPS = 100
const SMALLEST_STEP = 1e-6

/** Throughput at load n. */
export function throughputAt({ alpha, beta, gamma }: Usl, n: number): number {
  return (gamma * n) / (1 + alpha * (n - 1) + beta * n * (n - 1))
}

/** Where throughput is highest; null when it never falls (β = 0). */
export function peakOf(usl: Usl): Point | null {
  if (usl.beta === 0) return null
  const n = Math.max(1, Math.sqrt(Math.max(0, 1 - usl.alpha) / usl.beta))
  return { n, x: throughputAt(usl, n) }
}

/** What throughput approaches without coherency costs (Amdahl's asymptote, γ/α); null where nothing bounds it. */
export function limitOf({ alpha, gamma }: Usl): number | null {
  return alpha === 0 ? null : gamma / alpha
}

/**
 * Least squares on throughput, with 0 ≤ α ≤ 1, β ≥ 0 and γ > 0.
 * @throws RangeError for fewer than MINIMUM_POINTS different loads
 */
export function fitUsl(points: readonly Point[], seed = 1): UslFit {
  const loads = new Set(points.map(({ n }) => n)).size
  if (loads < MINIMUM_POINTS) throw new RangeError(`${MINIMUM_POINTS} different loads are needed, not ${loads}`)
  const usl = fitBest(points)
  const residuals = points.map(({ n, x }) => x - throughputAt(usl, n))
  const freedom = Math.max(1, points.length - 3)
  // Residuals are smaller than errors: three parameters were spent on them.
  const widening = Math.sqrt(points.length / freedom)
  const random = createRandom(seed)
  const resampled = Array.from({ length: RESAMPLES }, () => fitBest(resample(points, usl, residuals, widening, random)))
  const intervalOf = (parameter: keyof Usl) => rangeOf(resampled.map((fit) => fit[parameter]))
  return {
    ...usl,
    residualDeviation: Math.sqrt(residuals.reduce((sum, value) => sum + value ** 2, 0) / freedom),
    freedom,
    intervals: { alpha: intervalOf('alpha'), beta: intervalOf('beta'), gamma: intervalOf('gamma') },
    resampled,
  }
}

/** What a new measurement at load n would show, in 95 % of cases, if the law holds there. */
export function predictionInterval(fit: UslFit, n: number): Range {
  const range = rangeOf(fit.resampled.map((usl) => throughputAt(usl, n)))
  const noise = studentQuantile((1 + COVERAGE) / 2, fit.freedom) * fit.residualDeviation
  const middle = throughputAt(fit, n)
  return {
    low: Math.max(0, middle - Math.hypot(middle - range.low, noise)),
    high: middle + Math.hypot(range.high - middle, noise),
  }
}

function resample(
  points: readonly Point[],
  usl: Usl,
  residuals: readonly number[],
  widening: number,
  random: Random,
): Point[] {
  const draw = () => residuals[Math.floor(random() * residuals.length)] ?? 0
  return points.map(({ n }) => {
    const middle = throughputAt(usl, n)
    return { n, x: Math.max(LEAST_SHARE * middle, middle + widening * draw()) }
  })
}

function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b)
  const tail = (1 - COVERAGE) / 2
  return { low: quantileSorted(sorted, tail), high: quantileSorted(sorted, 1 - tail) }
}

/** Each is found, or stays at an edge of its range: a share is from 0 to 1. */
type Free = { readonly alpha: 'free' | 0 | 1; readonly beta: 'free' | 0 }

const CASES: readonly Free[] = (['free', 1, 0] as const).flatMap((alpha) =>
  (['free', 0] as const).map((beta) => ({ alpha, beta })),
)

/** The optimum lies inside or on an edge: each case is fitted freely, and the best possible one is taken. */
function fitBest(points: readonly Point[]): Usl {
  const isPossible = ({ alpha, beta }: Usl) => alpha >= 0 && alpha <= 1 && beta >= 0
  const fits = CASES.map((free) => fitFree(points, free)).filter(isPossible)
  const error = (usl: Usl) => points.reduce((sum, { n, x }) => sum + (x - throughputAt(usl, n)) ** 2, 0)
  return fits.reduce((best, fit) => (error(fit) < error(best) ? fit : best), fits.at(-1) as Usl)
}

/** Gauss and Newton, halving each step until it is one down; from a start that is near, a few steps do. */
function fitFree(points: readonly Point[], free: Free): Usl {
  const error = (usl: Usl) => points.reduce((sum, { n, x }) => sum + (x - throughputAt(usl, n)) ** 2, 0)
  let best = startFrom(points, free)
  let least = error(best)
  for (let step = 0; step < MOST_STEPS; step++) {
    const [gamma = 0, ...others] = solveWeighted(
      points.map(({ n, x }) => ({ row: slopesAt(best, free, n), value: x - throughputAt(best, n), weight: 1 })),
    )
    const { alpha, beta } = steered(free, others)
    const before = least
    for (let size = 1; size > SMALLEST_STEP; size /= 2) {
      const next = { alpha: best.alpha + size * alpha, beta: best.beta + size * beta, gamma: best.gamma + size * gamma }
      if (!(error(next) < least)) continue
      best = next
      least = error(next)
      break
    }
    if (!(least < before * (1 - 1e-12))) return best
  }
  return best
}

/** Of throughput by γ and by whichever of α and β are free. */
function slopesAt(usl: Usl, free: Free, n: number): number[] {
  const shares = 1 + usl.alpha * (n - 1) + usl.beta * n * (n - 1)
  const byShares = (-usl.gamma * n) / shares ** 2
  return [n / shares, ...ofFree(free, byShares * (n - 1), byShares * n * (n - 1))]
}

/** Those of the two that are free. */
function ofFree(free: Free, byAlpha: number, byBeta: number): number[] {
  return [...(free.alpha === 'free' ? [byAlpha] : []), ...(free.beta === 'free' ? [byBeta] : [])]
}

/** What was solved for those that are free; 0 for the others. */
function steered(free: Free, solved: readonly number[]): Pick<Usl, 'alpha' | 'beta'> {
  const [first = 0, second = 0] = solved
  const beta = free.alpha === 'free' ? second : first
  return { alpha: free.alpha === 'free' ? first : 0, beta: free.beta === 'free' ? beta : 0 }
}

/** n/x is linear in 1/γ, α/γ and β/γ: weighted by x⁴/n², its least squares are near those on x. */
function startFrom(points: readonly Point[], free: Free): Usl {
  const fixed = free.alpha === 'free' ? 0 : free.alpha
  const basis = (n: number) => [1 + fixed * (n - 1), ...ofFree(free, n - 1, n * (n - 1))]
  const [base = 1, ...others] = solveWeighted(
    points.map(({ n, x }) => ({ row: basis(n), value: n / x, weight: x ** 4 / n ** 2 })),
  )
  const gamma = 1 / Math.max(base, 1e-12)
  const { alpha, beta } = steered(free, others)
  return { alpha: fixed + alpha * gamma, beta: beta * gamma, gamma }
}

interface Equation {
  readonly row: readonly number[]
  readonly value: number
  readonly weight: number
}

/** Normal equations, at most three unknowns, by Gaussian elimination with pivots. */
function solveWeighted(equations: readonly Equation[]): number[] {
  const size = equations[0]?.row.length ?? 0
  const sum = (term: (equation: Equation) => number) => equations.reduce((total, each) => total + term(each), 0)
  const matrix = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => sum(({ row, weight }) => weight * (row[i] ?? 0) * (row[j] ?? 0))),
    sum(({ row, value, weight }) => weight * (row[i] ?? 0) * value),
  ])
  for (let column = 0; column < size; column++) {
    const rest = matrix.slice(column)
    const pivot = rest.reduce((best, row) => (Math.abs(at(row, column)) > Math.abs(at(best, column)) ? row : best))
    matrix.splice(matrix.indexOf(pivot), 1)
    matrix.splice(column, 0, pivot)
    matrix.forEach((row, index) => {
      if (index === column) return
      const factor = at(row, column) / at(pivot, column)
      for (let place = column; place <= size; place++) row[place] = at(row, place) - factor * at(pivot, place)
    })
  }
  return matrix.map((row, index) => at(row, size) / at(row, index))
}

function at(row: readonly number[], place: number): number {
  return row[place] ?? 0
}
