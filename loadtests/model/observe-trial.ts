import { mergeHistograms } from '../analysis/histograms.ts'
import { answersOf, loadOf, succeeded } from '../analysis/rounds.ts'
import type { Laws, Load, Run, Trial } from '../run-file.ts'
import { checkOperationalLaws, countLaws, type Observation, TOLERANCE, type Violation } from './operational-laws.ts'

export interface TrialViolation extends Violation {
  readonly round: number
  readonly mode: Trial['mode']
}

export interface LawsChecked {
  readonly checks: number
  readonly violations: readonly TrialViolation[]
}

/** As a summary has them. */
export function describeLaws({ checks, violations }: LawsChecked): Laws {
  return { checks, violations: violations.map(({ mode, round, told }) => `${mode}, round ${round}: ${told}`) }
}

/** What a trial is held against. */
type Circumstances = Pick<Run, 'plan' | 'environment'>

/** The laws on every paused load of a run. */
export function checkRunLaws(run: Run): LawsChecked {
  return mergeLaws(run.trials.map((trial) => checkTrialLaws(run, trial)))
}

/**
 * The laws on one load of a trial. Little's law only where each connection always has a request under way; the CPU of all
 * processes together against the machine's cores everywhere. A trial that failed is held against nothing.
 */
export function checkTrialLaws(run: Circumstances, trial: Trial, load = loadOf(trial, 'paused')): LawsChecked {
  const observation = succeeded(trial) && load ? observeLoad(run, load) : null
  if (observation === null || load === undefined) return { checks: 0, violations: [] }
  const violations = checkOperationalLaws(observation, TOLERANCE + edgeOf(load))
  const place = { round: trial.round, mode: trial.mode }
  return { checks: countLaws(observation), violations: violations.map((violation) => ({ ...violation, ...place })) }
}

export function mergeLaws(all: readonly LawsChecked[]): LawsChecked {
  return {
    checks: all.reduce((sum, { checks }) => sum + checks, 0),
    violations: all.flatMap(({ violations }) => violations),
  }
}

/** Null for a load without answers. */
export function observeLoad({ plan, environment }: Circumstances, load: Load): Observation | null {
  const histogram = mergeHistograms([load.histogram])
  if (!histogram || histogram.totalCount === 0 || load.seconds === 0) return null
  const answers = answersOf(load)
  const cpuMs = Object.values(load.cpu_ms).reduce((sum, ms) => sum + ms, 0)
  const isBusyLoop = plan.engine === 'autocannon' && !plan.paced && plan.people === null && load.errors === 0
  return {
    throughput: answers / load.seconds,
    responseTime: histogram.mean / 1e6,
    customers: isBusyLoop ? plan.connections : null,
    thinkTime: 0,
    stations: [
      {
        name: 'all processes',
        demand: cpuMs / 1_000 / answers,
        servers: environment.cores,
        utilisation: null,
        // Streams are written and connections given back when the client has his answer already.
        isBehindAnswer: true,
      },
    ],
  }
}

/** When a load ends, connections fall idle one after the other: none for longer than the slowest answer takes. */
function edgeOf(load: Load): number {
  return (mergeHistograms([load.histogram])?.maxValue ?? 0) / 1e6 / load.seconds
}
