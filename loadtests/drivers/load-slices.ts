import type { Histogram } from 'hdr-histogram-js'
import { findSteadyPart } from '../analysis/steady-state.ts'
import type { Steady } from './driver.ts'
import { buildHistogram, encodeHistogram } from './histogram.ts'

/** Slices begin so short, in milliseconds, and become twice as long whenever there would be too many. */
const FIRST_LENGTH_MS = 50
const MOST_SLICES = 48
/** With fewer answers in the mean, the median of a slice is mostly chance. */
const MINIMUM_ANSWERS_PER_SLICE = 8

export type Counted = 'accepted' | 'served' | 'refused' | 'errors'

interface Slice {
  readonly counts: Record<Counted, number>
  readonly histogram: Histogram
}

export interface LoadSlices {
  /** @param microseconds null for an error, which has no latency */
  add(atMs: number, counted: Counted, microseconds: number | null): void
  /** The part after the warm-up; null when nobody can tell. */
  steady(endMs: number): Steady | null
}

/** Keeps a load in equal parts, so that afterwards its warm-up can be found and left out. */
export function createLoadSlices(beganAtMs: number): LoadSlices {
  let lengthMs = FIRST_LENGTH_MS
  let slices: Slice[] = []

  const sliceAt = (atMs: number): Slice => {
    // A clock that was set back: the gate for its jumps excludes such a load, this only has to survive it.
    if (atMs < beganAtMs) return sliceAt(beganAtMs)
    let index = Math.floor((atMs - beganAtMs) / lengthMs)
    while (index >= MOST_SLICES) {
      slices = joinPairs(slices)
      lengthMs *= 2
      index = Math.floor((atMs - beganAtMs) / lengthMs)
    }
    while (slices.length <= index) slices.push(emptySlice())
    return slices[index] as Slice
  }

  return {
    add(atMs, counted, microseconds) {
      const { counts, histogram } = sliceAt(atMs)
      counts[counted]++
      if (microseconds !== null) histogram.recordValue(microseconds)
    },
    steady(endMs) {
      const answered = slices.filter(({ histogram }) => histogram.totalCount > 0)
      const answers = answered.reduce((sum, { histogram }) => sum + histogram.totalCount, 0)
      if (answers < MINIMUM_ANSWERS_PER_SLICE * slices.length) return null
      const part = findSteadyPart(answered.map(({ histogram }) => histogram.getValueAtPercentile(50)))
      const first = part && answered[part.from]
      if (!part || !first) return null
      const from = slices.indexOf(first)
      const { counts, histogram } = slices.slice(from).reduce(merge, emptySlice())
      return {
        from: (from * lengthMs) / 1000,
        seconds: (endMs - beganAtMs - from * lengthMs) / 1000,
        ...counts,
        histogram: encodeHistogram(histogram),
        drift: part.drift,
        is_steady: part.isSteady,
      }
    },
  }
}

function emptySlice(): Slice {
  return { counts: { accepted: 0, served: 0, refused: 0, errors: 0 }, histogram: buildHistogram() }
}

function joinPairs(slices: readonly Slice[]): Slice[] {
  const pairs = Array.from({ length: Math.ceil(slices.length / 2) }, (_, index) =>
    slices.slice(2 * index, 2 * index + 2),
  )
  return pairs.map(([first, second]) => (second ? merge(first as Slice, second) : (first as Slice)))
}

/** The first one with the second one added to it. */
function merge(first: Slice, second: Slice): Slice {
  first.histogram.add(second.histogram)
  for (const [name, count] of Object.entries(second.counts)) first.counts[name as Counted] += count
  return first
}
