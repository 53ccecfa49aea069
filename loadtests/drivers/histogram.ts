import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'

const LONGEST_US = 60_000_000

/** 1 µs to 60 s with three significant digits. */
export function buildHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_US,
    numberOfSignificantValueDigits: 3,
    autoResize: false,
  })
}

/** @returns microseconds as this histogram can hold them */
export function toMicroseconds(milliseconds: number): number {
  return Math.min(Math.max(Math.round(milliseconds * 1000), 1), LONGEST_US)
}

export { encodeIntoCompressedBase64 as encodeHistogram }
