import { formatNumber, formatShare } from '../analysis/format.ts'
import { judgeTrial } from '../analysis/gates.ts'
import { mergeHistograms } from '../analysis/histograms.ts'
import { invariantVerdict } from '../analysis/merge-invariants.ts'
import { answersOf } from '../analysis/rounds.ts'
import { DRAINED_IN_TIME } from '../points/broken-numbers.ts'
import { planOfPoint } from '../points/plan-of-point.ts'
import type { Point } from '../points/points-file.ts'
import type { GateName, InvariantResult, Load, Trial } from '../run-file.ts'
import type { GoalVerdict, TrialAnswer } from './attempt.ts'
import { readBacklog } from './backlog.ts'
import type { LatencyGoal, SearchSettings } from './capacity-file.ts'

/** The system is what people wait for when they fill so much of the connections. */
const CROWDED_SHARE = 0.5
/** These speak of the generator, not of the system. */
const GENERATOR_GATES: readonly GateName[] = ['generator_cpu', 'offered', 'dropped', 'schedule_lag']
/** Without everybody who was to come, the tail is not known, so nothing is met. */
const TAIL_GATES: readonly GateName[] = ['offered', 'dropped']

type Settings = Pick<SearchSettings, 'goals' | 'most_errors'>

/** With 95 % certainty one of so many answers is above the percentile. */
export function answersNeeded(percentile: number): number {
  return Math.ceil(Math.log(0.05) / Math.log(percentile / 100))
}

/**
 * What a trial says of each goal. A late generator only adds to latencies: what is met in spite of it is met, and what
 * misses because people wait for the system's answers misses; else the trial is invalid.
 */
export function judgeAttempt(trial: Trial, point: Point, settings: Settings): TrialAnswer {
  const [load] = trial.loads
  const broken = brokenInvariant(trial.invariants)
  // What failed before it was loaded took no time; a backlog that did not end was loaded all the same.
  const wasLoaded = load !== undefined || trial.invariants.length > 0
  const told = { broken, cannotOffer: false, seconds: wasLoaded ? point.duration : 0, achieved: rateOf(load) }
  if (load === undefined || trial.status === 'failed') return failed(trial, settings, told)
  const goals = Object.fromEntries(settings.goals.map((goal) => [goal.name, judgeGoal(trial, load, goal, settings)]))
  const why = whyInvalid(trial, load, point, settings, goals)
  if (why === null) return { ...told, verdict: 'valid', why: null, goals }
  return { ...told, verdict: 'invalid', goals: {}, ...why }
}

type Told = Pick<TrialAnswer, 'broken' | 'cannotOffer' | 'seconds' | 'achieved'>

/** A backlog that does not end was looked at to its end; whatever else fails may be anybody's fault. */
function failed(trial: Trial, { goals }: Settings, told: Told): TrialAnswer {
  const failure = trial.failure?.split('\n')[0] ?? 'no reason was kept'
  if (trial.invariants.length === 0) return { ...told, verdict: 'invalid', why: `it failed: ${failure}`, goals: {} }
  const missed = { met: false, misses: [failure] }
  return { ...told, verdict: 'valid', why: null, goals: Object.fromEntries(goals.map(({ name }) => [name, missed])) }
}

function brokenInvariant(invariants: readonly InvariantResult[]): string | null {
  const broken = invariants.find((one) => one.number !== DRAINED_IN_TIME && invariantVerdict(one) === 'broken')
  return broken ? `invariant ${broken.number} (${broken.title}; id ${broken.broken[0]})` : null
}

function judgeGoal(trial: Trial, load: Load, goal: LatencyGoal, { most_errors: mostErrors }: Settings): GoalVerdict {
  const latency = latencyAt(load, goal.percentile)
  const requests = answersOf(load) + load.errors
  const errors = requests === 0 ? 1 : (load.refused + load.errors) / requests
  const unanswered = (load.by_status['unanswered'] ?? 0) + (load.by_status['not_sent'] ?? 0)
  const backlog = readBacklog(trial)
  const misses = [
    ...(latency !== null && latency > goal.most_ms
      ? [`p${goal.percentile} ${formatNumber(latency)} ms (at most ${formatNumber(goal.most_ms)})`]
      : []),
    ...(errors > mostErrors ? [`${formatShare(errors)} refused or failed (at most ${formatShare(mostErrors)})`] : []),
    ...(unanswered > 0 ? [`${unanswered} were never answered`] : []),
    ...(backlog !== null && !backlog.keepsUp ? [backlogText(backlog)] : []),
  ]
  return { met: misses.length === 0, misses }
}

function backlogText({ atEnd, growth }: NonNullable<ReturnType<typeof readBacklog>>): string {
  const grown = growth === null ? '' : `, growing by ${formatNumber(growth)} a second`
  return `the drain does not keep up: ${formatNumber(atEnd)} waited when the load ended${grown}`
}

function whyInvalid(trial: Trial, load: Load, point: Point, settings: Settings, goals: Record<string, GoalVerdict>) {
  const strictest = Math.min(...settings.goals.map(({ most_ms }) => most_ms))
  const context = { run: { plan: planOfPoint(point, 0), trials: [trial] }, targetMs: strictest }
  const fails = judgeTrial(trial, context).filter(({ verdict }) => verdict === 'fail')
  const others = fails.filter(({ name }) => !GENERATOR_GATES.includes(name))
  const tell = (gates: typeof fails) => gates.map(({ told }) => told).join('; ')
  if (others.length > 0) return { why: tell(others), cannotOffer: false }
  const needed = Math.max(...settings.goals.map(({ percentile }) => answersNeeded(percentile)))
  const isMet = Object.values(goals).every(({ met }) => met)
  if (isMet && answersOf(load) < needed)
    return { why: `only ${answersOf(load)} answers: its percentile needs ${needed}`, cannotOffer: false }
  if (isMet ? !fails.some(({ name }) => TAIL_GATES.includes(name)) : isCrowded(load, point)) return null
  return fails.length === 0 ? null : { why: tell(fails), cannotOffer: true }
}

/** Little's law: so many people are waiting for an answer at a time, that the system is what they wait for. */
function isCrowded(load: Load, { connections }: Point): boolean {
  const mean = mergeHistograms([load.histogram])?.mean ?? 0
  return rateOf(load) * (mean / 1e6) >= CROWDED_SHARE * connections
}

function rateOf(load: Load | undefined): number {
  return load === undefined || load.seconds === 0 ? 0 : load.accepted / load.seconds
}

/** Of all answers, in milliseconds: what an overload does to its beginning counts too. */
export function latencyAt(load: Load, percentile: number): number | null {
  const histogram = mergeHistograms([load.histogram])
  return histogram === null || histogram.totalCount === 0 ? null : histogram.getValueAtPercentile(percentile) / 1_000
}
