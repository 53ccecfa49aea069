/** Round values between 0 and at least `max`, about `count` of them. */
export function linearTicks(max: number, count = 5): number[] {
  if (!(max > 0)) return [0, 1]
  const rough = max / count
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10) * magnitude
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, index) => index * step)
}

/** 1, 2 and 5 times powers of ten from at most `min` to at least `max`; both above 0. */
export function logTicks(min: number, max: number): number[] {
  const all: number[] = []
  for (let power = Math.floor(Math.log10(min)) - 1; power <= Math.ceil(Math.log10(max)); power++) {
    all.push(...[1, 2, 5].map((factor) => factor * 10 ** power))
  }
  const first = all.findLastIndex((tick) => tick <= min)
  const last = all.findIndex((tick) => tick >= max)
  return all.slice(Math.max(0, first), last < 0 ? undefined : last + 1)
}

/** Share of the way from min to max on a log axis, 0…1. */
export function logShare(value: number, min: number, max: number): number {
  return max > min ? (Math.log(value) - Math.log(min)) / (Math.log(max) - Math.log(min)) : 0
}

/** A coordinate short enough to be repeated thousands of times. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100)
}
