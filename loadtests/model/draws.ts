import { drawNormal, type Random } from '../analysis/random.ts'

/** Draws a time in seconds. */
export type Draw = (random: Random) => number

export function constant(seconds: number): Draw {
  return () => seconds
}

export function exponential(mean: number): Draw {
  return (random) => -mean * Math.log(1 - random())
}

/** By mean and coefficient of variation (standard deviation over mean), which service times of servers often have near 1. */
export function lognormal(mean: number, variation: number): Draw {
  const variance = Math.log(1 + variation ** 2)
  const middle = Math.log(mean) - variance / 2
  return (random) => Math.exp(middle + Math.sqrt(variance) * drawNormal(random))
}

/**
 * One of the measured times, each equally often.
 * @throws RangeError without any, or for a negative one
 */
export function empirical(seconds: readonly number[]): Draw {
  if (seconds.length === 0) throw new RangeError('an empirical distribution needs at least one time')
  const wrong = seconds.find((value) => !(value >= 0 && Number.isFinite(value)))
  if (wrong !== undefined) throw new RangeError(`a time must not be negative: ${wrong}`)
  return (random) => seconds[Math.floor(random() * seconds.length)] ?? 0
}
