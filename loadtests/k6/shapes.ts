import type { Scenario } from 'k6/options'
import type { Arrivals } from '../drivers/arrivals.ts'

/** Rates of k6 are whole numbers per unit of time, so that fractions of a person need a longer unit. */
const UNIT_SECONDS = 100

/** The arrivals of the paced driver as a scenario of k6. @throws RangeError for random moments, which k6 does not have */
export function shapeOf(arrivals: Arrivals, seconds: number, vus: number, graceSeconds: number): Scenario {
  const common = {
    timeUnit: `${UNIT_SECONDS}s`,
    // VUs that are made in the middle of a load come too late for it.
    preAllocatedVUs: vus,
    maxVUs: vus,
    gracefulStop: `${graceSeconds}s`,
  }
  const perUnit = (rate: number) => Math.round(rate * UNIT_SECONDS)
  const duration = (length: number) => `${Math.round(length * 1_000)}ms`
  if (arrivals.model === 'constant')
    return { executor: 'constant-arrival-rate', rate: perUnit(arrivals.rate), duration: duration(seconds), ...common }
  if (arrivals.model === 'ramp') {
    const stages = [{ target: perUnit(arrivals.to), duration: duration(seconds) }]
    return { executor: 'ramping-arrival-rate', startRate: perUnit(arrivals.from), stages, ...common }
  }
  if (arrivals.model === 'steps') {
    const length = duration(seconds / arrivals.rates.length)
    const stages = arrivals.rates.flatMap((rate) => [
      { target: perUnit(rate), duration: '0s' },
      { target: perUnit(rate), duration: length },
    ])
    return { executor: 'ramping-arrival-rate', startRate: perUnit(arrivals.rates[0] ?? 0), stages, ...common }
  }
  throw new RangeError('k6 has no arrivals at random moments')
}

/** Shapes by the names that users of k6 know, as arrivals around one rate (people per second). */
export const NAMED_SHAPES: Readonly<Record<string, (rate: number) => Arrivals>> = {
  constant: (rate) => ({ model: 'constant', rate }),
  ramping: (rate) => ({ model: 'ramp', from: 0, to: rate }),
  /** Far beyond what is asked for: it ends where the thresholds break. */
  breakpoint: (rate) => ({ model: 'ramp', from: rate / 10, to: 10 * rate }),
  /** The same rate, for as long as DURATION says. */
  soak: (rate) => ({ model: 'constant', rate }),
  spike: (rate) => ({ model: 'steps', rates: [rate / 10, rate / 10, rate, rate / 10, rate / 10] }),
}
