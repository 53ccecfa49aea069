import { median } from '../analysis/bootstrap.ts'
import { formatNumber, plural } from '../analysis/format.ts'
import { meanRate } from '../drivers/arrivals.ts'
import { checkPointsLaws } from '../model/observe-points.ts'
import { brokenNumbers, DRAINED_IN_TIME } from '../points/broken-numbers.ts'
import type { Point, PointsRun } from '../points/points-file.ts'
import type { Trial } from '../run-file.ts'
import { acceptedPerSecond, drainedPerSecond } from './figures-by-round.ts'
import { guideProfiles } from './guide-profiles.ts'
import { judgeUsers, type UsersVerdict } from './judge-users.ts'
import { nameBound } from './name-bound.ts'
import { POLLS } from './profile-points.ts'
import { type Carried, PROFILES_SCHEMA, type ProfileResult, type ProfilesSummary } from './profiles-file.ts'
import { RATE_SEARCH } from './search-rate.ts'

/** What a user is (targets file). */
export interface User {
  readonly think_time_s: number
  readonly p95_ms: number
}

interface TriedRate {
  readonly rate: number
  readonly point: Point
  readonly trials: readonly Trial[]
  readonly verdicts: readonly UsersVerdict[]
}

/** Everything that a run over the guide's profiles says, from its raw trials alone. */
export function analyseProfiles(run: PointsRun, user: User): ProfilesSummary {
  const mode = run.points[0]?.mode ?? 'none'
  const latencies = [...new Set(run.points.map((point) => point.db_latency_ms))].sort((a, b) => a - b)
  const results = latencies.flatMap((latencyMs) => {
    const ofLatency = guideProfiles(mode).map(({ name, profile, claimed }) => {
      const prefix = `${name}, ${latencyMs} ms: `
      const points = run.points.filter((point) => point.name.startsWith(prefix))
      return { ...resultOf(run, points, user), name, profile, claimed, store_latency_ms: latencyMs }
    })
    const before = ofLatency[0]?.carried?.users ?? null
    return ofLatency.map((result): ProfileResult => {
      const users = result.carried?.users ?? null
      return { ...result, ratio_to_before: users === null || before === null || before === 0 ? null : users / before }
    })
  })
  return {
    schema: PROFILES_SCHEMA,
    run_id: run.run_id,
    status: run.status,
    mode,
    verdict: (run.status === 'interrupted' ? 'Interrupted before its end. ' : '') + describeVerdict(results),
    ...{ think_time_s: user.think_time_s, p95_ms: user.p95_ms },
    step: RATE_SEARCH.step,
    profiles: results,
    laws: checkPointsLaws(run),
  }
}

type Found = Omit<ProfileResult, 'name' | 'profile' | 'claimed' | 'store_latency_ms' | 'ratio_to_before'>

function resultOf(run: PointsRun, points: readonly Point[], user: User): Found {
  const trialsOf = (point: Point) => run.trials.filter(({ profile }) => profile === point.name)
  const trials = points.flatMap(trialsOf)
  const sizings = points.filter(({ arrivals }) => arrivals === null).flatMap(trialsOf)
  const [sizing] = sizings
  const load = sizing?.loads[0]
  const rates = points
    .flatMap((point): TriedRate[] => {
      if (point.arrivals === null) return []
      const own = trialsOf(point)
      const verdicts = own.map((trial) => judgeUsers(point, trial, user.p95_ms))
      return [{ rate: meanRate(point.arrivals), point, trials: own, verdicts }]
    })
    .sort((a, b) => a.rate - b.rate)
  // A box is sized with more than it drains: how long it takes for that is no fault of it.
  const isFaulty = (trial: Trial) => brokenNumbers([trial]).some((number) => number !== DRAINED_IN_TIME)
  const broken =
    sizings.filter(isFaulty).length +
    rates.flatMap(({ verdicts }) => verdicts).filter(({ hasBroken }) => hasBroken).length
  const held = rates.filter(isHeld).at(-1)
  const missed = rates.find(({ rate, verdicts }) => rate > (held?.rate ?? 0) && verdicts.some(isMissed))
  return {
    accepted_per_second: load ? acceptedPerSecond(load) : null,
    drained_per_second: load && sizing ? drainedPerSecond(load, sizing) : null,
    carried: held === undefined ? null : carriedOf(held, user, broken > 0),
    missed: missed ? { people_per_second: missed.rate, reasons: reasonsOf(missed) } : null,
    bound: boundOf(missed, run.environment.cores),
    trials: trials.length,
    invalid_trials: trials.filter(({ status }) => status === 'invalid').length,
    broken_trials: broken,
    ids_examined: trials.reduce(
      (sum, { invariants }) => sum + invariants.reduce((all, one) => all + one.examined, 0),
      0,
    ),
  }
}

function isHeld({ verdicts }: TriedRate): boolean {
  const held = verdicts.filter(({ outcome }) => outcome === 'holds').length
  return held >= RATE_SEARCH.repeats && verdicts.every(({ outcome }) => outcome !== 'misses')
}

function isMissed({ outcome }: UsersVerdict): boolean {
  return outcome !== 'holds'
}

function reasonsOf({ verdicts }: TriedRate): string[] {
  return [...new Set(verdicts.filter(isMissed).flatMap(({ reasons }) => reasons))]
}

/** A configuration that breaks an invariant carries nobody. */
function carriedOf({ rate, verdicts }: TriedRate, { think_time_s: think }: User, hasBroken: boolean): Carried {
  const held = verdicts.filter(({ outcome }) => outcome === 'holds')
  const meanMs = median(held.flatMap(({ meanMs: mean }) => mean ?? []))
  const requests = rate * (1 + POLLS)
  return {
    people_per_second: rate,
    requests_per_second: requests,
    users: hasBroken ? 0 : requests * (think + meanMs / 1_000),
    mean_ms: meanMs,
    p95_ms: Math.max(...held.map(({ p95Ms }) => p95Ms ?? 0)),
    trials: held.length,
  }
}

function boundOf(missed: TriedRate | undefined, cores: number): string {
  const index = missed?.verdicts.findIndex(isMissed) ?? -1
  const [trial, verdict] = [missed?.trials[index], missed?.verdicts[index]]
  if (missed === undefined || trial === undefined || verdict === undefined)
    return 'the search ended before a rate missed'
  return nameBound(missed.point, trial, verdict, cores)
}

function describeVerdict(results: readonly ProfileResult[]): string {
  const claims = results.flatMap(({ name, store_latency_ms: latency, claimed, carried }) => {
    if (claimed === null) return []
    const where = `"${name}" with stores ${latency} ms away`
    if (carried === null) return [`${where}: no rate was shown to hold (claimed: ${claimed.from}–${claimed.to})`]
    return [
      `${where} carries ${formatNumber(Math.round(carried.users))} users (claimed: ${claimed.from}–${claimed.to})`,
    ]
  })
  const broken = results.reduce((sum, { broken_trials: trials }) => sum + trials, 0)
  const end = broken > 0 ? ` Invariants BROKE in ${plural(broken, 'trial')}.` : ' Every invariant held in every trial.'
  return `${claims.join('; ')}.${end}`
}
