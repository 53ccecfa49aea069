import type { Gate, GateName, Load, Run, Trial } from '../run-file.ts'
import { formatNumber, formatShare } from './format.ts'
import { latenciesOf, mergeHistograms } from './histograms.ts'
import { answersOf, loadOf, steadyPartOf } from './rounds.ts'

/** A generator must be able to make so many times the offered rate against a bare route. */
export const NO_OP_FACTOR = 3

/** A latency may change by so much of itself after the warm-up. */
const DRIFT_SHARE = 0.1

/** What a latency is held against where the targets file names none. */
const DEFAULT_TARGET_MS = 1_000

/** What trials are judged within. */
type JudgedRun = Pick<Run, 'plan' | 'trials'> & { readonly environment?: Pick<Run['environment'], 'cores'> }

/** A generator may use so much of the cores that it can: k6 of all, the others of one. */
const GENERATOR_SHARE = 0.8

export interface GateContext {
  readonly run: JudgedRun
  /** The latency that the run is held against. */
  readonly targetMs?: number | undefined
}

interface Rule {
  readonly limit: (context: GateContext) => number
  /** Null when it is not known, or does not matter to this trial. */
  readonly read: (trial: Trial, context: GateContext) => number | null
  /** The trial passes as long as this holds. */
  readonly passes: (value: number, limit: number) => boolean
  readonly otherwise: 'doubt' | 'fail'
  readonly tell: (value: number, limit: number) => string
}

const atMost = (value: number, limit: number) => value <= limit
const atLeast = (value: number, limit: number) => value >= limit

/** Each trial is held against these. README, "When is a run believed?", tells them in words. */
const RULES: Partial<Record<GateName, Rule>> = {
  generator_cpu: {
    limit: ({ run }) => GENERATOR_SHARE * (run.plan.engine === 'k6' ? (run.environment?.cores ?? 1) : 1),
    read: (trial) => highest(trial.loads.map((load) => generatorCores(trial, load.name))),
    passes: atMost,
    otherwise: 'fail',
    tell: (value, limit) => `the generator used ${value.toFixed(2)} cores (at most ${formatNumber(limit)})`,
  },
  offered: {
    limit: () => 0.99,
    read: (trial) =>
      lowest(trial.loads.map(({ schedule }) => schedule && schedule.sent / Math.max(1, schedule.scheduled))),
    passes: atLeast,
    otherwise: 'fail',
    tell: (value, limit) =>
      `${formatShare(value)} of the scheduled requests were sent (at least ${formatShare(limit)})`,
  },
  dropped: {
    limit: () => 0,
    read: (trial) => highest(trial.loads.map(({ schedule }) => schedule?.dropped ?? null)),
    passes: atMost,
    otherwise: 'fail',
    tell: (value) => `${formatNumber(value)} people never came, so the tail is not known (0 may be missing)`,
  },
  schedule_lag: {
    limit: ({ targetMs = DEFAULT_TARGET_MS }) => 0.05 * targetMs,
    read: (trial) => highest(trial.loads.map(({ schedule }) => schedule && lagP99(schedule.lag_histogram))),
    passes: atMost,
    otherwise: 'fail',
    tell: (value, limit) =>
      `requests left ${formatNumber(value)} ms late at the p99 (at most ${formatNumber(limit)} ms, 5 % of the target)`,
  },
  no_op_ceiling: {
    limit: () => NO_OP_FACTOR,
    read: noOpFactor,
    // What is scheduled for the last moment may be answered after it.
    passes: (value, limit) => value >= 0.98 * limit,
    otherwise: 'fail',
    tell: (value, limit) =>
      `the generator made ${formatNumber(value)} × the rate on a bare route (at least ${limit} ×)`,
  },
  steal: {
    limit: () => 0.1,
    read: (trial) => trial.steal,
    passes: atMost,
    otherwise: 'doubt',
    tell: (value, limit) =>
      `the hypervisor took ${formatShare(value)} of the CPU time away (at most ${formatShare(limit)})`,
  },
  cpu_pressure: {
    limit: () => 0.75,
    // A closed loop fills the machine by itself: there it says nothing about others.
    read: (trial, { run }) => (run.plan.arrivals === null ? null : trial.cpu_pressure),
    passes: atMost,
    otherwise: 'doubt',
    tell: (value, limit) =>
      `something waited for a CPU in ${formatShare(value)} of the time (at most ${formatShare(limit)})`,
  },
  steady_state: {
    limit: () => DRIFT_SHARE,
    read: (trial) => highest(trial.loads.map(({ steady }) => unsteadiness(steady))),
    passes: atMost,
    otherwise: 'doubt',
    tell: (value, limit) =>
      value === Number.POSITIVE_INFINITY
        ? 'its warm-up did not end within half of the load'
        : `latency drifted by ${formatShare(value)} after the warm-up (at most ${formatShare(limit)})`,
  },
  clock_step: {
    limit: () => 100,
    read: (trial) => highest(trial.loads.map((load) => load.clock_step_ms)),
    passes: atMost,
    otherwise: 'fail',
    tell: (value, limit) => `the wall clock jumped by ${formatNumber(value)} ms (at most ${limit} ms)`,
  },
  telemetry: {
    limit: () => 0.2,
    read: telemetryGaps,
    passes: atMost,
    otherwise: 'doubt',
    tell: (value, limit) =>
      `${formatShare(value)} of the seconds have a gap in their telemetry (at most ${formatShare(limit)})`,
  },
}

/** What the gates say of one trial that was carried out. */
export function judgeTrial(trial: Trial, context: GateContext): Gate[] {
  const rules = Object.entries(RULES) as [GateName, Rule][]
  return rules.map(([name, rule]) => {
    const [limit, value] = [rule.limit(context), rule.read(trial, context)]
    if (value === null) return { name, verdict: 'not known', value, limit, told: 'not known, or of no meaning here' }
    const verdict = rule.passes(value, limit) ? 'pass' : rule.otherwise
    return { name, verdict, value: Number.isFinite(value) ? value : null, limit, told: rule.tell(value, limit) }
  })
}

/**
 * The run with every trial that a gate fails marked as `invalid`, so that no figure contains it. The bare route of an
 * open loop is what others are judged by: of itself it proves nothing, so it is never excluded.
 */
export function judgeRun<Judged extends JudgedRun>(run: Judged, targetMs?: number): Judged {
  const judge = (trial: Trial): Trial => {
    if (trial.status !== 'ok' || (trial.mode === 'ceiling' && run.plan.arrivals !== null)) return trial
    const failed = judgeTrial(trial, { run, targetMs }).filter(({ verdict }) => verdict === 'fail')
    return failed.length === 0
      ? trial
      : { ...trial, status: 'invalid', failure: failed.map(({ told }) => told).join('; ') }
  }
  return { ...run, trials: run.trials.map(judge) }
}

/**
 * The gates of all trials of a result, each with the value of the trial that is worst. A gate puts a result in doubt when it
 * does so with at least half of the trials. Drifts both ways cancel each other out: a system that warms up or fills up
 * drifts one way, a machine that changes its speed both ways, and that is in the intervals.
 */
export function mergeGates(trials: readonly Trial[], context: GateContext): Gate[] {
  const counted = trials.filter(({ status }) => status !== 'failed')
  const judged = counted.map((trial) => judgeTrial(trial, context))
  return (judged[0] ?? []).map(({ name }) => {
    const all = judged.flatMap((gates) => gates.filter((gate) => gate.name === name))
    const of = (verdict: Gate['verdict']) => all.filter((gate) => gate.verdict === verdict)
    const worst = worstOf(name, [of('fail'), of('doubt'), of('pass'), all].find(({ length }) => length > 0) ?? [])
    const doubts = of('doubt').length
    if (of('fail').length > 0 || doubts === 0) return worst
    const drifts = name === 'steady_state' ? countDrifts(counted) : NO_DRIFTS
    const counting = doubts - 2 * Math.min(drifts.up, drifts.down)
    if (2 * counting >= all.length) return worst
    const bothWays = drifts.up > 0 && drifts.down > 0 ? ` (${drifts.up} up, ${drifts.down} down)` : ''
    return { ...worst, verdict: 'pass', told: `${worst.told}, in ${doubts} of ${all.length} trials${bothWays}` }
  })
}

/** Of gates with the same verdict the one with the most extreme value; what is endless has none. */
function worstOf(name: GateName, gates: readonly Gate[]): Gate {
  const sign = RULES[name]?.passes === atMost ? 1 : -1
  const badness = ({ verdict, value }: Gate) =>
    value !== null ? sign * value : verdict === 'not known' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return gates.reduce((worst, gate) => (badness(gate) > badness(worst) ? gate : worst))
}

function generatorCores(trial: Trial, phase: Load['name']): number | null {
  const known = trial.samples.flatMap((sample) => (sample.phase === phase ? [sample.cpu.generator ?? null] : []))
  const cores = known.filter((value) => value !== null)
  return cores.length === 0 ? null : cores.reduce((sum, value) => sum + value, 0) / cores.length
}

function lagP99(encoded: string): number | null {
  return latenciesOf(mergeHistograms([encoded]))?.p99 ?? null
}

function unsteadiness(steady: Load['steady']): number | null {
  if (steady === null || steady.is_steady === null) return null
  if (steady.is_steady) return 0
  // Nothing was cut and it is not steady: either a trend, or a warm-up without an end.
  return Math.abs(steady.drift) > DRIFT_SHARE ? Math.abs(steady.drift) : Number.POSITIVE_INFINITY
}

interface Drifts {
  readonly up: number
  readonly down: number
}

const NO_DRIFTS: Drifts = { up: 0, down: 0 }

/** Trials by the way in which the load drifted that drifted most; a warm-up without an end goes neither way. */
function countDrifts(trials: readonly Trial[]): Drifts {
  const ways = trials.map(({ loads }) => {
    const unsteady = loads.flatMap(({ steady }) => (steady?.is_steady === false ? [steady.drift] : []))
    const most = unsteady.reduce((one, other) => (Math.abs(other) > Math.abs(one) ? other : one), 0)
    return Math.abs(most) > DRIFT_SHARE ? Math.sign(most) : 0
  })
  return { up: ways.filter((way) => way > 0).length, down: ways.filter((way) => way < 0).length }
}

/** Answers per second of the bare route in the same round, over the rate that was offered to this trial. */
function noOpFactor(trial: Trial, { run }: GateContext): number | null {
  const load = loadOf(trial, 'paused')
  if (!load?.schedule || trial.mode === 'ceiling') return null
  const ceiling = run.trials.find(({ mode, round }) => mode === 'ceiling' && round === trial.round)
  const bare = ceiling && loadOf(ceiling, 'paused')
  if (!bare || run.plan.duration === 0) return null
  const part = steadyPartOf(bare)
  // One that was stopped did not last as long as planned.
  const seconds = Math.min(run.plan.duration, load.seconds)
  return answersOf(part) / part.seconds / (load.schedule.scheduled / seconds)
}

/** Share of the seconds that have no sample, or none of the servers where those are asked. */
function telemetryGaps({ samples, mode }: Trial): number | null {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last) return null
  const seconds = Math.round(last.t - first.t) + 1
  const isAsked = mode !== 'ceiling' && mode !== 'target'
  const empty = !isAsked ? 0 : samples.filter((sample) => sample.event_loop === null).length
  return Math.max(0, seconds - samples.length + empty) / seconds
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

function lowest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.min(...known)
}
