import { InvalidArgumentError } from 'commander'
import type { Arrivals } from '../drivers/arrivals.ts'

export type RateChoice = Exclude<Arrivals, { model: 'poisson' }>

const FASTEST = 100_000

/** People per second of an open loop: `200` constant, `50..500` a ramp, `100,200,400` steps of equal length. */
export function parseRate(value: string): RateChoice {
  const ramp = /^(.+)\.\.(.+)$/.exec(value.trim())
  if (ramp) return { model: 'ramp', from: one(ramp[1], 0), to: one(ramp[2]) }
  const rates = value.split(',').map((part) => one(part))
  const [first] = rates
  return rates.length === 1 && first !== undefined ? { model: 'constant', rate: first } : { model: 'steps', rates }
}

/** As parseRate reads it. */
export function formatRate(arrivals: Arrivals): string {
  if (arrivals.model === 'ramp') return `${arrivals.from}..${arrivals.to}`
  return arrivals.model === 'steps' ? arrivals.rates.join(',') : String(arrivals.rate)
}

function one(text = '', least = Number.MIN_VALUE): number {
  const rate = /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : Number.NaN
  if (!(rate >= least && rate <= FASTEST))
    throw new InvalidArgumentError(
      `expected people per second such as 200, 50..500 (a ramp) or 100,200,400 (steps), each at most ${FASTEST}.`,
    )
  return rate
}
