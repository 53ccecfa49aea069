import { z } from 'zod'
import { createRandom } from '../analysis/random.ts'

const rate = z.number().positive().max(1_000_000)

/** When people come in an open loop, whoever waits and however long. Rates are people per second. */
export const arrivalsSchema = z.discriminatedUnion('model', [
  /** Evenly spaced. */
  z.object({ model: z.literal('constant'), rate }),
  /** Independent of each other, so many in the mean. */
  z.object({ model: z.literal('poisson'), rate, seed: z.number().int() }),
  /** The rate changes evenly from the first to the second over the whole load. */
  z.object({ model: z.literal('ramp'), from: z.number().nonnegative().max(1_000_000), to: rate }),
  /** Equal parts of the load, each at a constant rate. */
  z.object({ model: z.literal('steps'), rates: z.array(rate).min(1) }),
])
export type Arrivals = z.output<typeof arrivalsSchema>

/** People per second, over the whole load. */
export function meanRate(arrivals: Arrivals): number {
  if (arrivals.model === 'ramp') return (arrivals.from + arrivals.to) / 2
  if (arrivals.model === 'steps') return arrivals.rates.reduce((sum, one) => sum + one, 0) / arrivals.rates.length
  return arrivals.rate
}

/** It changes only by chance: a part of the load tells as much as the whole. */
export function isLevel({ model }: Arrivals): boolean {
  return model === 'constant' || model === 'poisson'
}

/** In words, with its unit. */
export function describeArrivals(arrivals: Arrivals): string {
  if (arrivals.model === 'ramp') return `${arrivals.from} to ${arrivals.to} people/s, evenly growing`
  if (arrivals.model === 'steps') return `${arrivals.rates.join(', ')} people/s in equal steps`
  return `${arrivals.rate} people/s${arrivals.model === 'poisson' ? ', at random moments' : ''}`
}

/** The same, with so many times as many people. */
export function scaleArrivals(arrivals: Arrivals, factor: number): Arrivals {
  if (arrivals.model === 'ramp') return { ...arrivals, from: arrivals.from * factor, to: arrivals.to * factor }
  if (arrivals.model === 'steps') return { ...arrivals, rates: arrivals.rates.map((one) => one * factor) }
  return { ...arrivals, rate: arrivals.rate * factor }
}

/** Moments of arrival in milliseconds since the load began, in ascending order, until it ends. */
export function* arrivalTimes(arrivals: Arrivals, seconds: number): Generator<number, void, void> {
  if (arrivals.model === 'poisson') return yield* poissonTimes(arrivals, seconds)
  for (let n = 0; ; n++) {
    const second = momentOf(arrivals, seconds, n)
    if (second >= seconds) return
    yield second * 1000
  }
}

/** Gaps are exponential. Source: Knuth, The Art of Computer Programming, volume 2, 3.4.1 D. */
function* poissonTimes({ rate: mean, seed }: Extract<Arrivals, { model: 'poisson' }>, seconds: number) {
  const random = createRandom(seed)
  let second = 0
  for (;;) {
    second += -Math.log(1 - random()) / mean
    if (second >= seconds) return
    yield second * 1000
  }
}

/** The second at which the expected number of arrivals reaches n: the inverse of the integral of the rate. */
function momentOf(arrivals: Exclude<Arrivals, { model: 'poisson' }>, seconds: number, n: number): number {
  if (arrivals.model === 'constant') return n / arrivals.rate
  if (arrivals.model === 'steps') return momentInSteps(arrivals.rates, seconds / arrivals.rates.length, n)
  const slope = (arrivals.to - arrivals.from) / seconds
  if (n === 0) return 0
  // from · t + slope · t² / 2 = n, solved in the form that loses no digits when the slope is small.
  return (2 * n) / (arrivals.from + Math.sqrt(Math.max(0, arrivals.from ** 2 + 2 * slope * n)))
}

function momentInSteps(rates: readonly number[], length: number, n: number): number {
  let before = 0
  for (const [step, one] of rates.entries()) {
    if (n < before + one * length) return step * length + (n - before) / one
    before += one * length
  }
  return Number.POSITIVE_INFINITY
}
