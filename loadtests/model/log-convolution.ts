/**
 * Normalising constants of a closed network, kept as logarithms: for a thousand customers the constants themselves are
 * far outside of what a number can hold. All terms are positive, so nothing cancels.
 * Source: Buzen, Computational algorithms for closed queueing networks with exponential servers, CACM 16 (1973).
 */
export type LogTerms = Float64Array

/** log(eᵃ + eᵇ); −∞ stands for 0. */
function logAdd(a: number, b: number): number {
  const [less, more] = a < b ? [a, b] : [b, a]
  return less === Number.NEGATIVE_INFINITY ? more : more + Math.log1p(Math.exp(less - more))
}

/** Terms demandⁿ/n!, n = 0…customers: what nobody waits at. */
export function delayTerms(demand: number, customers: number): LogTerms {
  return rateTerms(demand, (n) => n, customers)
}

/** Terms Πⱼ demand/rate(j), j = 1…n: a station whose speed with j customers is rate(j) times that with one. */
export function rateTerms(demand: number, rate: (present: number) => number, customers: number): LogTerms {
  const terms = new Float64Array(customers + 1)
  for (let n = 1; n <= customers; n++) terms[n] = at(terms, n - 1) + Math.log(demand) - Math.log(rate(n))
  return terms
}

/** The constants with one more single server: G(n) + demand × G⁺(n − 1), in one pass. */
export function addSingleServer(constants: LogTerms, demand: number): LogTerms {
  const sum = constants.slice()
  const logDemand = Math.log(demand)
  for (let n = 1; n < sum.length; n++) sum[n] = logAdd(at(sum, n), logDemand + at(sum, n - 1))
  return sum
}

/** Σₖ a(k) b(n − k) for every n, each sum scaled by its greatest term. */
export function convolve(a: LogTerms, b: LogTerms): LogTerms {
  const result = new Float64Array(a.length)
  for (let n = 0; n < result.length; n++) result[n] = logSum(a, b, n)
  return result
}

/** e^-40 is below what a sum of numbers of this precision can show. */
const NEGLIGIBLE = -40

function logSum(a: LogTerms, b: LogTerms, n: number): number {
  let most = Number.NEGATIVE_INFINITY
  for (let k = 0; k <= n; k++) most = Math.max(most, at(a, k) + at(b, n - k))
  if (most === Number.NEGATIVE_INFINITY) return most
  let sum = 0
  for (let k = 0; k <= n; k++) {
    const term = at(a, k) + at(b, n - k) - most
    if (term > NEGLIGIBLE) sum += Math.exp(term)
  }
  return most + Math.log(sum)
}

function at(terms: LogTerms, index: number): number {
  return terms[index] ?? Number.NEGATIVE_INFINITY
}
