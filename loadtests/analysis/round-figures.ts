import type { Load, Run, Trial } from '../run-file.ts'
import { mergeHistograms } from './histograms.ts'
import {
  acceptedByRound,
  answeredByRound,
  answersOf,
  type ByRound,
  drainedByRound,
  loadOf,
  steadyPartOf,
  succeeded,
} from './rounds.ts'

/** A figure that takes time, and so one value per round. */
export interface TimedFigure {
  readonly name: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  /** Whether it decides about a regression; the others are shown beside. */
  readonly judged: boolean
  readonly of: (trials: readonly Trial[]) => ByRound
  /** The same of the ceiling's trials; null where the ceiling has nothing like it. */
  readonly ofCeiling: ((trials: readonly Trial[]) => ByRound) | null
}

/** What runs are compared by. Where something else sets the pace, rates say nothing. */
export function timedFigures(run: Run): TimedFigure[] {
  const isAnswers = isMostlyAnswers(run)
  const rates = run.plan.paced ? [] : [isAnswers ? ANSWERED : ACCEPTED]
  return [...rates, ...LATENCIES, ...(isAnswers ? [CPU_PER_ANSWER] : CPU_PER_REDEMPTION), ...OTHERS]
}

const ACCEPTED: TimedFigure = {
  name: 'accepted/s',
  unit: '/s',
  better: 'higher',
  judged: true,
  of: (trials) => acceptedByRound(trials, 'paused'),
  ofCeiling: (trials) => acceptedByRound(trials, 'paused'),
}

const ANSWERED: TimedFigure = {
  ...ACCEPTED,
  name: 'answered/s',
  of: (trials) => answeredByRound(trials, 'paused'),
  ofCeiling: (trials) => answeredByRound(trials, 'paused'),
}

const LATENCIES: readonly TimedFigure[] = [
  // The most sensitive one: what a request takes while little gets in its way (reports/study-aa).
  latency('p10', 10, true),
  latency('p50', 50, true),
  latency('p95', 95, false),
  latency('p99', 99, true),
]

const DRAINING = ['server', 'worker', 'scheduler', 'postgres', 'redis'] as const

const CPU_PER_REDEMPTION: readonly TimedFigure[] = [
  {
    name: 'CPU to accept',
    unit: 'ms',
    better: 'lower',
    judged: true,
    of: (trials) => workByRound(trials, ({ work }) => sumOf(work?.accept_cpu_ms, ['server', 'postgres', 'redis'])),
    ofCeiling: ceilingCpu,
  },
  {
    name: 'CPU to drain',
    unit: 'ms',
    better: 'lower',
    judged: true,
    of: (trials) => workByRound(trials, ({ work }) => sumOf(work?.drain_cpu_ms, DRAINING)),
    ofCeiling: ceilingCpu,
  },
]

/** Where few of the answers are redemptions, what one of those costs is what all the others did meanwhile. */
const CPU_PER_ANSWER: TimedFigure = {
  name: 'CPU to answer',
  unit: 'ms',
  better: 'lower',
  judged: true,
  of: (trials) =>
    byRound(trials, (load) => {
      const cpuMs = sumOf(load.cpu_ms, ['server', 'postgres', 'redis'])
      return cpuMs === null || answersOf(load) === 0 ? null : cpuMs / answersOf(load)
    }),
  ofCeiling: ceilingCpu,
}

const OTHERS: readonly TimedFigure[] = [
  {
    name: 'with drain/s',
    unit: '/s',
    better: 'higher',
    judged: false,
    of: (trials) => acceptedByRound(trials, 'running'),
    ofCeiling: (trials) => acceptedByRound(trials, 'paused'),
  },
  {
    name: 'drained/s',
    unit: '/s',
    better: 'higher',
    judged: false,
    of: drainedByRound,
    ofCeiling: (trials) => acceptedByRound(trials, 'paused'),
  },
  {
    name: 'WAL',
    unit: 'B',
    better: 'lower',
    judged: false,
    of: (trials) => workByRound(trials, ({ work }) => work?.wal_bytes ?? null),
    ofCeiling: null,
  },
]

function latency(name: string, percentile: number, judged: boolean): TimedFigure {
  const of = (trials: readonly Trial[]) =>
    byRound(trials, (load) => {
      const histogram = mergeHistograms([steadyPartOf(load).histogram])
      return histogram && histogram.totalCount > 0 ? histogram.getValueAtPercentile(percentile) / 1000 : null
    })
  return { name, unit: 'ms', better: 'lower', judged, of, ofCeiling: of }
}

/** Of a bare request: what the same work cost on the machine of that round. */
function ceilingCpu(trials: readonly Trial[]): ByRound {
  return byRound(trials, (load) => {
    const answers = answersOf(load)
    const cpuMs = load.cpu_ms.server
    return answers > 0 && cpuMs !== undefined && cpuMs > 0 ? cpuMs / answers : null
  })
}

function byRound(trials: readonly Trial[], figure: (load: Load) => number | null): ByRound {
  const values = new Map<number, number>()
  for (const trial of trials.filter(succeeded)) {
    const load = loadOf(trial, 'paused')
    const value = load ? figure(load) : null
    if (value !== null) values.set(trial.round, value)
  }
  return values
}

/** Per redemption. */
function workByRound(trials: readonly Trial[], total: (trial: Trial) => number | null): ByRound {
  const values = new Map<number, number>()
  for (const trial of trials.filter(succeeded)) {
    const value = total(trial)
    const redemptions = trial.work?.redemptions ?? 0
    if (value !== null && redemptions > 0) values.set(trial.round, value / redemptions)
  }
  return values
}

/** Null when a kind that takes part is unknown: its CPU time would be missing on one side. */
function sumOf(cpu: Load['cpu_ms'] | undefined, kinds: readonly (keyof Load['cpu_ms'])[]): number | null {
  const parts = kinds.flatMap((kind) => cpu?.[kind] ?? [])
  return parts.length === kinds.length ? parts.reduce((sum, part) => sum + part, 0) : null
}

/** Most answers are no redemptions by design: sold out, status polls, a waiting room. */
export function isMostlyAnswers({ trials }: Run): boolean {
  const loads = trials.filter(({ mode }) => mode !== 'ceiling').flatMap((trial) => loadOf(trial, 'paused') ?? [])
  const accepted = loads.reduce((sum, load) => sum + load.accepted, 0)
  return accepted < loads.reduce((sum, load) => sum + answersOf(load), 0) / 2
}
