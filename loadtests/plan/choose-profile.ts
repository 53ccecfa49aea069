import type { LimiterMode, Profile } from '../run-file.ts'
import { memoryOf } from './footprint.ts'
import { type Basis, type Candidate, judgeCandidate } from './judge-candidate.ts'
import type { PlanRequest } from './plan-request.ts'

export interface Choice {
  /** The cheapest that meets the target; null when none does. */
  readonly recommended: Candidate | null
  /** The last ones before it, and why they do not do; without a recommended one those that come nearest. */
  readonly smaller: readonly Candidate[]
  /** The next ones that do as well. */
  readonly larger: readonly Candidate[]
}

const POOLS = [2, 3, 5, 8, 10, 15, 20, 30, 50]
const CONCURRENCIES = [5, 20]
const MOST_PROCESSES = 16
const SHOWN = 3

/** Cheapest first: by memory, which is what a process more costs; then by connections and jobs at a time. */
export function listProfiles({ machine, whatIf, mode }: PlanRequest, basis: Basis): Profile[] {
  const most = Math.min(MOST_PROCESSES, machine.cores * whatIf.instances)
  const counts = Array.from({ length: most }, (_, index) => index + 1)
  const pools = isPoolBound(mode) ? POOLS : [5, 10]
  const all = counts.flatMap((servers) =>
    counts.flatMap((workers) =>
      CONCURRENCIES.flatMap((concurrency) =>
        pools.map((pool) => ({
          servers,
          workers,
          concurrency,
          pool,
          semaphore: basis.semaphore,
          redis_connections: 1,
        })),
      ),
    ),
  )
  const memory = (profile: Profile) => memoryOf(basis.footprint, profile)
  const connections = ({ pool, concurrency }: Profile) => pool + concurrency
  return all.sort((a, b) => memory(a) - memory(b) || connections(a) - connections(b))
}

/** Tries the profiles by cost until one meets the target, and a few more; or until it is plain that none will. */
export function chooseProfile(request: PlanRequest, basis: Basis): Choice {
  const smaller: Candidate[] = []
  const met: Candidate[] = []
  for (const profile of listProfiles(request, basis)) {
    if (met.length > 0 && isMore(profile, met)) continue
    const candidate = judgeCandidate(request, basis, profile)
    if (candidate.blocked.length === 0) met.push(candidate)
    else if (met.length === 0) smaller.push(candidate)
    if (met.length > SHOWN || (met.length === 0 && candidate.isWalled)) break
  }
  const [recommended = null, ...larger] = met
  const shown = recommended === null ? nearest(smaller) : nearest(smaller).slice(0, SHOWN)
  return { recommended, smaller: shown, larger: larger.slice(0, SHOWN) }
}

/** The ones that come nearest to the target, by what they carry and then by their p99; each shape once. */
function nearest(candidates: readonly Candidate[]): Candidate[] {
  const sorted = [...candidates].sort(
    (a, b) =>
      a.blocked.length - b.blocked.length || b.throughput.value - a.throughput.value || a.p99.value - b.p99.value,
  )
  const seen = new Set<string>()
  return sorted
    .filter(({ profile: { servers, workers } }) => {
      const shape = `${servers} ${workers}`
      if (seen.has(shape)) return false
      seen.add(shape)
      return true
    })
    .slice(0, SHOWN)
}

/** The same processes with larger pools tell nothing more. */
function isMore({ servers, workers }: Profile, met: readonly Candidate[]): boolean {
  return met.some(({ profile }) => profile.servers === servers && profile.workers === workers)
}

/** A bucket asks Postgres nothing in the request. */
function isPoolBound(mode: LimiterMode): boolean {
  return mode !== 'token-bucket'
}
