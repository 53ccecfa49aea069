import { meanRate } from '../drivers/arrivals.ts'
import { checkPointsLaws } from '../model/observe-points.ts'
import type { Point } from '../points/points-file.ts'
import type { LimiterMode, Trial } from '../run-file.ts'
import type { Attempt } from './attempt.ts'
import {
  CAPACITY_SCHEMA,
  type CapacityResult,
  type CapacityRun,
  type CapacitySummary,
  type TrialView,
} from './capacity-file.ts'
import { capacityVerdict } from './capacity-verdict.ts'
import { type GoalResult, goalResult, isTypical } from './goal-result.ts'
import { judgeAttempt, latencyAt } from './judge-attempt.ts'
import { nameBottleneck } from './name-bottleneck.ts'
import type { SearchGoal } from './search-goal.ts'
import { searchGoalsOf } from './search-settings.ts'
import { spreadsOf } from './spread.ts'

/** A trial with its point and what it says. */
interface Tried {
  readonly trial: Trial
  readonly point: Point
  readonly attempt: Attempt
}

/** Everything that a search says, from its raw trials alone; rendering it again gives the same. */
export function summariseCapacity(run: CapacityRun): CapacitySummary {
  const tried = judgeTrials(run)
  const results = groupSearches(tried).flatMap((group) => resultsOf(run, group))
  const { run_id, status, search } = run
  return {
    schema: CAPACITY_SCHEMA,
    run_id,
    status,
    verdict: capacityVerdict(run, results),
    loop: search.loop,
    results,
    spreads: spreadsOf(results),
    trials: tried.map(viewOf),
    laws: checkPointsLaws(run),
  }
}

function loadOfPoint({ arrivals, connections }: Point): number {
  return arrivals === null ? connections : meanRate(arrivals)
}

export function attemptOf(run: Pick<CapacityRun, 'search'>, trial: Trial, point: Point): Attempt {
  return { ...judgeAttempt(trial, point, run.search), load: loadOfPoint(point), leftOut: null }
}

function judgeTrials(run: CapacityRun): Tried[] {
  const points = new Map(run.points.map((point) => [point.name, point]))
  return run.trials.flatMap((trial) => {
    const point = points.get(trial.profile)
    return point === undefined ? [] : [{ trial, point, attempt: attemptOf(run, trial, point) }]
  })
}

/** By mode and search, in the order in which they began. */
function groupSearches(tried: readonly Tried[]): Tried[][] {
  const groups = new Map<string, Tried[]>()
  for (const one of tried) {
    const key = `${one.trial.mode} ${one.trial.round}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()]
}

function resultsOf(run: CapacityRun, group: readonly Tried[]): CapacityResult[] {
  const attempts = group.map(({ attempt }) => attempt)
  const [first] = group as [Tried]
  const broken = attempts.find((attempt) => attempt.broken !== null)?.broken ?? null
  const search = first.trial.round
  const hasEnded = run.ended.some((one) => one.search === search && one.mode === first.point.mode)
  return searchGoalsOf(run.search).map((goal, index) => {
    const found = goalResult(goal, attempts, run.search.step)
    const percentile = run.search.goals[index]?.percentile ?? 99
    return {
      mode: first.point.mode,
      goal: goal.name,
      search,
      ...kindOf(found, broken, hasEnded),
      ...atBounds(run, group, { goal, found, percentile }),
      is_inverted: found.isInverted,
      trials: group.length,
      invalid_trials: attempts.filter(({ verdict }) => verdict === 'invalid').length,
      trial_seconds: group.reduce((sum, { point }) => sum + point.duration, 0),
    }
  })
}

type Kind = Pick<CapacityResult, 'kind' | 'lower' | 'upper' | 'irregular' | 'why'>

function kindOf(found: GoalResult, broken: string | null, hasEnded: boolean): Kind {
  const { lower, upper, untried } = found
  const irregular = found.irregular !== null && !hasEnded ? `${found.irregular}; it was interrupted` : found.irregular
  const told = (kind: Kind['kind'], why: string | null): Kind => ({ kind, lower, upper, irregular, why })
  if (broken !== null) return { kind: 'zero', lower: 0, upper: 0, irregular: null, why: `it broke ${broken}` }
  if (lower === null) return told(upper === null || untried !== null ? 'unknown' : 'below', untried ?? irregular)
  return upper === null || untried !== null ? told('at least', untried ?? irregular) : told('interval', irregular)
}

type AtBounds = Pick<CapacityResult, 'throughput' | 'latency_ms' | 'misses' | 'bottleneck'>

interface Found {
  readonly goal: SearchGoal
  readonly found: GoalResult
  readonly percentile: number
}

function atBounds(run: CapacityRun, group: readonly Tried[], { goal, found, percentile }: Found): AtBounds {
  const at = (load: number | null) => group.filter(({ attempt }) => load !== null && attempt.load === load)
  const [low, high] = [at(found.lower), at(found.upper)]
  const latencies = low
    .filter(({ attempt }) => isTypical(goal, attempt))
    .flatMap(({ trial: { loads } }) => (loads[0] ? (latencyAt(loads[0], percentile) ?? []) : []))
  const misses = high.findLast(({ attempt }) => attempt.goals[found.goal]?.met === false)?.attempt.goals[found.goal]
    ?.misses
  const looked = high.some(({ trial }) => trial.samples.length > 0) ? high : low
  const { mode, profile, codes } = (group[0] as Tried).point
  const context = { mode, profile, codes, cores: run.environment.cores }
  const offered = high.some(({ attempt }) => attempt.cannotOffer) ? found.untried : null
  return {
    throughput: found.conditionalThroughput,
    latency_ms: latencies.sort((a, b) => a - b)[Math.floor((latencies.length - 1) / 2)] ?? null,
    misses: [...(misses ?? [])],
    bottleneck: nameBottleneck(
      looked.map(({ trial }) => trial),
      context,
      offered,
    ),
  }
}

function viewOf({ trial, point, attempt }: Tried): TrialView {
  const { load, verdict, why, broken, goals, achieved } = attempt
  const [measured] = trial.loads
  return {
    mode: trial.mode as LimiterMode,
    search: trial.round,
    position: trial.position,
    load,
    seconds: point.duration,
    verdict,
    why,
    broken,
    goals: Object.fromEntries(
      Object.entries(goals).map(([name, { met, misses }]) => [name, { met, misses: [...misses] }]),
    ),
    accepted_per_second: achieved,
    p99_ms: measured ? latencyAt(measured, 99) : null,
  }
}
