import { checkPointsLaws } from '../model/observe-points.ts'
import { loadOfPoint } from '../model/pipeline/size-of-point.ts'
import { brokenNumbers } from '../points/broken-numbers.ts'
import { type Figure, medianFigures } from '../points/point-figures.ts'
import type { Point, PointsRun } from '../points/points-file.ts'
import { WARM_UP_PEOPLE } from '../scenarios/scenario.ts'
import type { Candidate } from './judge-candidate.ts'
import type { Verification } from './plan-file.ts'
import type { PlanRequest } from './plan-request.ts'

const SECONDS = 12
/** The most people that are under way at a time: those who wait for longer than a second of arrivals are many. */
const MOST_UNDER_WAY = 2_000

/** The load of so many users: independent of each other, they come as arrivals at random. */
export function verificationPoint(request: PlanRequest, candidate: Candidate, seed: number): Point {
  const { mode, isHot, dbLatency, redisLatency } = request
  return {
    name: 'the recommended profile',
    mode,
    profile: candidate.profile,
    codes: isHot ? 1 : 1_000,
    polls: 0,
    think_ms: 0,
    connections: MOST_UNDER_WAY,
    arrivals: { model: 'poisson', rate: candidate.rate, seed },
    db_latency_ms: 1_000 * dbLatency,
    redis_latency_ms: 1_000 * redisLatency,
    drain: 'running',
    warm_up: 2,
    warm_up_people: WARM_UP_PEOPLE,
    duration: SECONDS,
  }
}

/** People at random moments are not exactly as many as was planned with; how many they are follows from the seed. */
function cameOf({ points: [point] }: PointsRun, { rate }: Candidate): number {
  const load = point && loadOfPoint(point)
  return load && 'ratePerSecond' in load ? load.ratePerSecond / rate : 1
}

/** What a comparison stands on, in a sentence. */
export function describeBasis({ with_generator: hasGenerator }: Verification): string {
  return hasGenerator
    ? 'Foretold with the load generator on the same machine.'
    : 'Foretold without the load generator, for which the same machine has no room left.'
}

/** What was foretold beside what was measured. */
export function verify(request: PlanRequest, candidate: Candidate, run: PointsRun): Verification {
  const measured = medianFigures(run.trials)
  const came = cameOf(run, candidate)
  const compare = (figure: Figure, value: number) => {
    const factor = figure === 'throughput' ? came : 1
    const { value: middle, low: least, high: most } = candidate[figure]
    const [foretold, low, high] = [factor * middle, factor * least, factor * most]
    return { foretold, low, high, measured: value, error: foretold / value - 1, is_held: low <= value && value <= high }
  }
  const broken = brokenNumbers(run.trials)
  return {
    run_id: run.run_id,
    trials: run.trials.filter(({ status }) => status === 'ok').length,
    figures: measured && {
      throughput: compare('throughput', measured.throughput),
      mean: compare('mean', measured.mean),
      p99: compare('p99', measured.p99),
    },
    broken,
    meets_target: measured !== null && measured.p99 <= request.p99 && broken.length === 0,
    with_generator: candidate.hasGenerator,
    laws: checkPointsLaws(run),
  }
}
