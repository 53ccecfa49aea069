import type { Attempt } from './attempt.ts'
import { classOf, isNarrow, type RelevantBounds, relevantBounds } from './relevant-bounds.ts'
import { type SearchGoal, stagesOf, strideOf } from './search-goal.ts'

/** Where a search may look. */
export interface LoadRange {
  /** Where it begins; no RFC term. */
  readonly start: number
  readonly least: number
  readonly most: number
  /** Loads are multiples of this: 1 for connections. */
  readonly step: number
}

export interface NextTrial {
  readonly load: number
  readonly seconds: number
}

interface Around {
  readonly range: LoadRange
  readonly stride: number
}

const NOWHERE: RelevantBounds = { lower: null, upper: null, untried: null }

/** The next trial that this goal needs; null when its bounds are as narrow as it wants, or nothing is left to be tried. */
export function chooseTrial(goal: SearchGoal, attempts: readonly Attempt[], range: LoadRange): NextTrial | null {
  let hints = NOWHERE
  for (const stage of stagesOf(goal)) {
    const bounds = relevantBounds(stage, attempts)
    const load = begunLoad(stage, attempts) ?? chooseLoad(stage, bounds, hints, { range, stride: strideOf(goal) })
    if (load !== null) return { load, seconds: stage.finalTrialSeconds }
    hints = bounds
  }
  return null
}

/** The load of the last trial, when that left it undecided: nothing else is begun before it is decided. */
function begunLoad(stage: SearchGoal, attempts: readonly Attempt[]): number | null {
  const last = attempts.at(-1)
  if (last === undefined || last.seconds < stage.finalTrialSeconds) return null
  const isOpen = classOf(stage, attempts, last.load) === 'undecided'
  return isOpen && relevantBounds(stage, attempts).upper !== last.load && isWithin(stage, attempts, last.load)
    ? last.load
    : null
}

function isWithin(stage: SearchGoal, attempts: readonly Attempt[], load: number): boolean {
  const { lower, upper } = relevantBounds(stage, attempts)
  return load > (lower ?? 0) && load < (upper ?? Number.POSITIVE_INFINITY)
}

function chooseLoad(stage: SearchGoal, bounds: RelevantBounds, hints: RelevantBounds, around: Around): number | null {
  const { lower, upper } = bounds
  const isInside = (load: number | null): load is number =>
    load !== null && load > (lower ?? 0) && load < (upper ?? Number.POSITIVE_INFINITY)
  if (isNarrow(bounds, stage.width)) return null
  const hint = [hints.lower, hints.upper].find(isInside)
  if (hint !== undefined) return hint
  const next = roundLoad(nextLoad(stage, bounds, hints, around), around.range)
  return isInside(next) ? next : null
}

function nextLoad(stage: SearchGoal, { lower, upper }: RelevantBounds, hints: RelevantBounds, around: Around): number {
  if (lower !== null && upper !== null) return Math.sqrt(lower * upper)
  if (lower !== null) return lower * growing(stage, lower, hints.lower, around)
  return upper === null ? around.range.start : upper / growing(stage, hints.upper, upper, around)
}

/** Ever longer away from where the bound was believed to be. */
function growing({ width }: SearchGoal, far: number | null, near: number | null, { stride }: Around): number {
  if (far === null || near === null) return stride
  return Math.min(stride, Math.max((1 + width) ** 2, (far / near) ** 2))
}

/** Finer than any width, and read easily. */
function roundLoad(load: number, { step, least, most }: LoadRange): number {
  const digits = Number(load.toPrecision(5))
  const stepped = Math.round(digits / step) * step
  return Number(Math.min(most, Math.max(least, stepped)).toPrecision(6))
}
