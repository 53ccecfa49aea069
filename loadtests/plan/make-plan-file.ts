import { formatNumber, formatShare } from '../analysis/format.ts'
import { lastOf } from '../model/pipeline/pipeline-demands.ts'
import { lawLines } from '../report/report-rows.ts'
import { type Choice, chooseProfile } from './choose-profile.ts'
import { type CurveStep, curveOf, growthOf, headroomOf } from './growth.ts'
import { type Basis, type Candidate, judgeCandidate } from './judge-candidate.ts'
import type { BasisFile, PlanFile } from './plan-file.ts'
import { planFleet } from './plan-fleet.ts'
import type { PlanRequest } from './plan-request.ts'

/**
 * The whole plan, without a verification.
 * @returns with what a verification is to be held against: the recommended profile beside the generator of its load
 */
export function makePlanFile(
  request: PlanRequest,
  basisFile: BasisFile,
): { file: PlanFile; toVerify: Candidate | null } {
  // A semaphore inside the process costs what none costs.
  const basis: Basis = { ...basisFile, demands: { ...basisFile.demands, mode: request.mode } }
  const choice = chooseProfile(request, basis)
  const { recommended } = choice
  const headroom = recommended && headroomOf(request, basis, recommended.profile)
  const file: PlanFile = {
    schema: 1,
    made_at: new Date().toISOString(),
    request: describeRequest(request),
    basis: { run_id: basisFile.run_id, measured_at: basisFile.measured_at },
    warnings: [...warningsOf(request, basisFile), ...intervalWarnings(request, recommended)],
    ...describeChoice(choice),
    curve: recommended === null ? [] : curveOf(request, basis, recommended.profile).map(describeStep),
    growth: recommended === null ? [] : growthOf(request, basis, recommended.profile),
    headroom: headroom?.factor ?? null,
    headroom_breaks: headroom?.breaks ?? null,
    trusted_users: MOST_EXTRAPOLATION * lastOf(basis.demands.levels).rate * request.think,
    fleet: needsFleet(request, recommended) ? planFleet(request, basis) : null,
    verification: null,
  }
  return { file, toVerify: recommended && besideGenerator(request, basis, recommended) }
}

/** Where no room is left for a generator, what was recommended stands for itself. */
function besideGenerator(request: PlanRequest, basis: Basis, recommended: Candidate): Candidate {
  const candidate = judgeCandidate(request, basis, recommended.profile, { hasGenerator: true })
  return Number.isFinite(candidate.p99.value) ? candidate : recommended
}

/** Beyond that a prediction is a guess, whatever its interval. */
const MOST_EXTRAPOLATION = 1.5
/** Rounds of a measurement that differ by more make intervals that tell little. */
const MUCH_NOISE = 0.2

function warningsOf({ users, think }: PlanRequest, { demands, noise, laws }: BasisFile): string[] {
  const changes = Math.max(...noise.map(({ mean }) => mean))
  const [rate, measured] = [users / think, lastOf(demands.levels).rate]
  return [
    ...(laws.violations.length > 0 ? lawLines({ laws }) : []),
    ...(rate > MOST_EXTRAPOLATION * measured
      ? [
          `EXTRAPOLATED: ${formatNumber(rate)} redemptions per second are ${formatNumber(rate / measured)} × the most that was ` +
            `measured (${formatNumber(measured)}); one is taken to cost there what it costs at that, which nobody has seen`,
        ]
      : []),
    ...(changes > MUCH_NOISE
      ? [
          `the rounds of the measurement differ by ${formatShare(changes)}: the intervals are wide, measure on a quieter machine`,
        ]
      : []),
  ]
}

/** A target inside the interval is met more often than not, which is not always. */
function intervalWarnings({ p99: wanted }: PlanRequest, recommended: Candidate | null): string[] {
  if (recommended === null || recommended.p99.high <= wanted) return []
  return [
    `the interval of the p99 reaches to ${formatNumber(1_000 * recommended.p99.high)} ms, beyond the ` +
      `${formatNumber(1_000 * wanted)} ms that are wanted: --verify, or take the next profile`,
  ]
}

function needsFleet({ whatIf }: PlanRequest, recommended: Candidate | null): boolean {
  const { instances, regions, redisNodes, hasReplica } = whatIf
  return recommended === null || instances > 1 || regions > 1 || redisNodes > 1 || hasReplica
}

function describeChoice({
  recommended,
  smaller,
  larger,
}: Choice): Pick<PlanFile, 'recommended' | 'smaller' | 'larger'> {
  return {
    recommended: recommended && describeCandidate(recommended),
    smaller: smaller.map(describeCandidate),
    larger: larger.map(describeCandidate),
  }
}

function describeStep({ users, rate, throughput, mean, p99 }: CurveStep): PlanFile['curve'][number] {
  const plain = ({ value, low, high }: CurveStep['p99']) => ({ value, low, high })
  return { users, rate, throughput: plain(throughput), mean: plain(mean), p99: plain(p99) }
}

function describeCandidate(candidate: Candidate): PlanFile['smaller'][number] {
  const { profile, rate, use, bottleneck, memoryBytes, megabitsPerSecond, blocked } = candidate
  const known = ({ value, low, high }: Candidate['p99']) =>
    Number.isFinite(value) ? { value, low, high } : { value: null, low: null, high: null }
  return {
    profile,
    rate,
    throughput: known(candidate.throughput),
    mean: known(candidate.mean),
    p99: known(candidate.p99),
    use: [...use],
    bottleneck,
    memory_bytes: memoryBytes,
    megabits_per_second: megabitsPerSecond,
    blocked: [...blocked],
  }
}

function describeRequest({ users, think, p99, mode, isHot, machine, whatIf }: PlanRequest): PlanFile['request'] {
  return {
    users,
    think_s: think,
    p99_ms: 1_000 * p99,
    mode,
    codes: isHot ? 'one' : 'many',
    machine: {
      cores: machine.cores,
      memory_bytes: machine.memoryBytes,
      megabits_per_second: machine.megabitsPerSecond,
    },
    what_if: {
      postgres_speed: whatIf.postgresSpeed,
      instances: whatIf.instances,
      redis_nodes: whatIf.redisNodes,
      replica: whatIf.hasReplica,
      regions: whatIf.regions,
      region_round_trip_ms: 1_000 * whatIf.regionRoundTrip,
    },
  }
}
