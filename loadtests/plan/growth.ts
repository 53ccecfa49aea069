import type { Profile } from '../run-file.ts'
import { type Basis, type Candidate, judgeCandidate } from './judge-candidate.ts'
import type { PlanRequest } from './plan-request.ts'

export type CurveStep = Pick<Candidate, 'rate' | 'throughput' | 'mean' | 'p99'> & { readonly users: number }

export interface Growth {
  /** So much more load: 0.2 = 20 %. */
  readonly more: number
  /** What breaks first, in words; null when the profile still meets the target. */
  readonly breaks: string | null
}

const STEPS = [0.2, 0.5, 1]
const CURVE = [0.1, 0.3, 0.5, 0.75, 1, 1.25, 1.5, 2, 3]
/** Headroom is found to this share of the load. */
const PRECISION = 0.05
const MOST_HEADROOM = 32

/** What becomes of a profile as more people come. */
export function growthOf(request: PlanRequest, basis: Basis, profile: Profile): Growth[] {
  return STEPS.map((more) => {
    const [first = null] = judgeCandidate(grown(request, 1 + more), basis, profile).blocked
    return { more, breaks: first }
  })
}

/** The most that a profile meets the target at. */
export interface Headroom {
  /** A multiple of what is asked for, at most 32. */
  readonly factor: number
  /** What breaks first just above it, in words; null where nothing did up to there. */
  readonly breaks: string | null
}

export function headroomOf(request: PlanRequest, basis: Basis, profile: Profile): Headroom {
  const breaksAt = (factor: number) => judgeCandidate(grown(request, factor), basis, profile).blocked[0] ?? null
  const atOnce = breaksAt(1)
  if (atOnce !== null) return { factor: 0, breaks: atOnce }
  let [low, high] = [1, 2]
  let breaks = breaksAt(high)
  while (high < MOST_HEADROOM && breaks === null) {
    ;[low, high] = [high, 2 * high]
    breaks = breaksAt(high)
  }
  if (breaks === null) return { factor: high, breaks }
  while (high / low > 1 + PRECISION) {
    const middle = Math.sqrt(low * high)
    const first = breaksAt(middle)
    if (first === null) low = middle
    else [high, breaks] = [middle, first]
  }
  return { factor: low, breaks }
}

/** What the profile does at parts and multiples of the load, up to where its line only grows. */
export function curveOf(request: PlanRequest, basis: Basis, profile: Profile): CurveStep[] {
  const steps = CURVE.map((factor) => {
    const { users } = grown(request, factor)
    return { users, ...judgeCandidate(grown(request, factor), basis, profile) }
  })
  const end = steps.findIndex(({ p99 }) => !Number.isFinite(p99.value))
  return end < 0 ? steps : steps.slice(0, end)
}

function grown(request: PlanRequest, factor: number): PlanRequest {
  return { ...request, users: request.users * factor }
}
