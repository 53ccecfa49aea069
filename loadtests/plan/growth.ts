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

/** The most that a profile meets the target at, as a multiple of what is asked for; at most 32. */
export function headroomOf(request: PlanRequest, basis: Basis, profile: Profile): number {
  const meets = (factor: number) => judgeCandidate(grown(request, factor), basis, profile).blocked.length === 0
  if (!meets(1)) return 0
  let [low, high] = [1, 2]
  while (high <= MOST_HEADROOM && meets(high)) [low, high] = [high, 2 * high]
  while (high / low > 1 + PRECISION) {
    const middle = Math.sqrt(low * high)
    if (meets(middle)) low = middle
    else high = middle
  }
  return low
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
