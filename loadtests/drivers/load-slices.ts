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
  /** Nobody comes from here on: what is answered later counts with its latency, and in no rate. */
  endAt(atMs: number): void
  /**
   * The part that counts. A load that was told its end has one in any case; of another one nobody can tell when there
   * are too few answers (null).
   * @param lastMs of the last outcome
   */
  steady(lastMs: number): Steady | null
}

/**
 * Keeps a load in equal parts, so that afterwards its warm-up can be found and left out.
 * @param isLevel false where the load changes by its plan, so that no part of it is a warm-up
 */
export function createLoadSlices(beganAtMs: number, isLevel = true): LoadSlices {
  let lengthMs = FIRST_LENGTH_MS
  let slices: Slice[] = []
  let endsAtMs = Number.POSITIVE_INFINITY
  const late = buildHistogram()

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
  /** Null when there are too few answers to tell. */
  const findPart = (): { from: number; drift: number; isSteady: boolean } | null => {
    const answered = slices.filter(({ histogram }) => histogram.totalCount > 0)
    const answers = answered.reduce((sum, { histogram }) => sum + histogram.totalCount, 0)
    if (!isLevel || answers < MINIMUM_ANSWERS_PER_SLICE * slices.length) return null
    const part = findSteadyPart(answered.map(({ histogram }) => histogram.getValueAtPercentile(50)))
    const first = part && answered[part.from]
    return first ? { ...part, from: slices.indexOf(first) } : null
  }

  return {
    add(atMs, counted, microseconds) {
      const isLate = atMs > endsAtMs
      const { counts, histogram } = isLate ? { counts: null, histogram: late } : sliceAt(atMs)
      if (counts) counts[counted]++
      if (microseconds !== null) histogram.recordValue(microseconds)
    },
    endAt(atMs) {
      endsAtMs = Math.max(beganAtMs, atMs)
    },
    steady(lastMs) {
      const hasEnd = endsAtMs !== Number.POSITIVE_INFINITY
      const endMs = hasEnd ? endsAtMs : lastMs
      // Where nobody was answered any more, there are no slices yet.
      if (hasEnd) sliceAt(endMs - 1)
      const part = findPart()
      if (part === null && !hasEnd) return null
      const { from = 0, drift = 0, isSteady = null } = part ?? {}
      const { counts, histogram } = slices.slice(from).reduce(merge, emptySlice())
      histogram.add(late)
      return {
        from: (from * lengthMs) / 1000,
        seconds: (endMs - beganAtMs - from * lengthMs) / 1000,
        ...counts,
        histogram: encodeHistogram(histogram),
        drift,
        is_steady: isSteady,
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
