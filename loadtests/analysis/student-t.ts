import { bisect, gammaln } from 'simple-statistics'

const MOST_TERMS = 300
const PRECISION = 1e-12

/**
 * P(T ≤ t) of Student's t with `df` degrees of freedom, which need not be whole (Welch).
 * Source: Press et al., Numerical Recipes, 3rd ed. (2007), §6.14.3: through the incomplete beta function.
 */
export function studentCdf(t: number, df: number): number {
  if (!Number.isFinite(t)) return t > 0 ? 1 : 0
  const tail = incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2
  return t > 0 ? 1 - tail : tail
}

/** The t below which a share p, 0.5 ≤ p < 1, of the distribution lies. */
export function studentQuantile(p: number, df: number): number {
  if (!(p >= 0.5 && p < 1)) throw new RangeError(`a share from 0.5 to below 1 is needed, not ${p}`)
  let above = 2
  while (studentCdf(above, df) < p) above *= 2
  return bisect((t) => studentCdf(t, df) - p, 0, above, 200, PRECISION)
}

/** Regularised incomplete beta function I_x(a, b), by Lentz's continued fraction (Numerical Recipes, §6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1
  const front = Math.exp(gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log(1 - x))
  // The fraction converges fast on this side of the mean; on the other one the symmetry is used.
  if (x < (a + 1) / (a + b + 2)) return (front * continuedFraction(x, a, b)) / a
  return 1 - (front * continuedFraction(1 - x, b, a)) / b
}

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m <= MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / (1 + even * d)
    c = 1 + even / c
    value *= c * d
    d = 1 / (1 + odd * d)
    c = 1 + odd / c
    value *= c * d
    if (Math.abs(c * d - 1) < PRECISION) break
  }
  return value
}
