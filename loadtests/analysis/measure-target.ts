import type { Interval, Result, Run, Subject } from '../run-file.ts'
import type { Target } from '../targets/targets-schema.ts'
import { acceptedByRound, ratioWithinRounds } from './rounds.ts'
import { headlineOf } from './verdict-sentence.ts'

/** What a run has to say about one target and one mode; without a value, why not. */
export interface Measured {
  /** Null for what is measured on the run as a whole. */
  mode: Subject | null
  value: number | null
  interval: Interval | null
  why: string | null
}

/** These have a meaning also where most answers are no redemptions. */
const PER_ANSWER = new Set<Target['measure']>(['latency_p95_ms', 'latency_p99_ms', 'availability', 'oversold_in_burst'])

/** In an open loop these are what was offered, whatever the mode can do. */
const RATES = new Set<Target['measure']>([
  'accepted_per_second',
  'accepted_per_second_with_drain',
  'ratio_to_ceiling',
  'ratio_to_mode',
])

type Reading = Interval | number | null | undefined

/** Measures one target in each of its modes that the run tried. */
export function measureTarget(target: Target, run: Run, results: readonly Result[]): Measured[] {
  if (!target.modes) return [measured(null, runReading(target, run, results), 'the bench does not measure this')]
  return target.modes.map((mode) => {
    const result = results.find((candidate) => candidate.mode === mode && matchesScenario(target, candidate))
    if (!result) return measured(mode, null, `this run did not try ${mode}`)
    if (result.validity === 'INVALID') return measured(mode, null, `no trial of ${mode} succeeded`)
    if (run.plan.arrivals !== null && RATES.has(target.measure) && mode !== 'target')
      return measured(mode, null, 'in an open loop the rate is what was offered')
    if (!PER_ANSWER.has(target.measure) && headlineOf([result]) === 'answered')
      return measured(
        mode,
        null,
        `in ${result.scenario} most answers are no redemptions: a figure per redemption says nothing there`,
      )
    return measured(mode, modeReading(target, run, result), missingReason(target, result))
  })
}

export function matchesScenario(target: Target, { scenario }: Pick<Result, 'scenario'>): boolean {
  return target.scenarios === undefined || target.scenarios.includes(scenario)
}

/** Seconds of measured load over all trials. */
export function measuredSeconds(run: Run): number {
  return run.trials.reduce((total, trial) => total + trial.loads.reduce((sum, load) => sum + load.seconds, 0), 0)
}

function measured(mode: Subject | null, reading: Reading, why: string): Measured {
  if (reading === null || reading === undefined) return { mode, value: null, interval: null, why }
  if (typeof reading === 'number') return { mode, value: reading, interval: null, why: null }
  return { mode, value: reading.median, interval: reading, why: null }
}

function missingReason(target: Target, result: Result): string {
  if (target.measure === 'ratio_to_mode') return `no round of this run has both ${result.mode} and ${target.over}`
  if (target.measure === 'ratio_to_ceiling') return 'no round of this run has a ceiling'
  if (target.measure === 'drain_cpu_over_accept_cpu' && isCpuUnknown(result)) {
    return 'the CPU time of some processes is unknown: stores that somebody else runs are not watched'
  }
  return `this run measured no ${target.measure.replaceAll('_', ' ')} of ${result.mode}`
}

function isCpuUnknown({ work_per_redemption: work }: Result): boolean {
  return work !== null && (work.accept_cpu_ms === null || work.drain_cpu_ms === null)
}

function runReading(target: Target, run: Run, results: readonly Result[]): Reading {
  if (target.measure === 'harness_megabytes') return run.harness_peak_rss_bytes / 1e6
  if (target.measure !== 'availability') return null
  const ratios = results.flatMap((result) => (result.mode === 'ceiling' ? [] : (result.error_ratio ?? [])))
  return ratios.length === 0 ? null : 1 - Math.max(...ratios)
}

function modeReading(target: Target, run: Run, result: Result): Reading {
  const work = result.work_per_redemption
  switch (target.measure) {
    case 'accepted_per_second':
      return result.accepted_per_second
    case 'accepted_per_second_with_drain':
      return result.with_drain?.accepted_per_second
    case 'drained_per_second':
      return result.drained_per_second
    case 'ratio_to_ceiling':
      return result.ratio_to_ceiling
    case 'ratio_to_mode':
      return ratioToMode(target, run, result)
    case 'latency_p95_ms':
      return result.latency_ms?.p95
    case 'latency_p99_ms':
      return result.latency_ms?.p99
    case 'redis_round_trips_in_request':
      return work?.redis_round_trips.request
    case 'sql_statements_in_request':
      return work?.sql_statements.request
    case 'drain_cpu_over_accept_cpu':
      return work?.accept_cpu_ms && work.drain_cpu_ms ? work.drain_cpu_ms / work.accept_cpu_ms : null
    case 'oversold_in_burst':
      return oversold(run, result)
    case 'availability':
      return result.error_ratio === null ? null : 1 - result.error_ratio
    case 'harness_megabytes':
    case 'users':
    case 'query_ms':
      return null
  }
}

function ratioToMode(target: Target, run: Run, result: Result): Interval | null {
  const rounds = (mode: Subject | undefined) =>
    acceptedByRound(
      run.trials.filter((trial) => trial.mode === mode && trial.scenario === result.scenario),
      'paused',
    )
  return ratioWithinRounds(rounds(result.mode), rounds(target.over))
}

/** Uses given beyond a burst's limit, in the worst burst. */
function oversold(run: Run, result: Result): number | null {
  const bursts = run.trials.flatMap((trial) => (trial.mode === result.mode && trial.burst ? [trial.burst] : []))
  if (bursts.length === 0) return null
  return Math.max(...bursts.map((burst) => Math.max(0, burst.accepted - burst.uses)))
}
