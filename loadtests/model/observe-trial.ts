import { mergeHistograms } from '../analysis/histograms.ts'
import { answersOf, loadOf, succeeded } from '../analysis/rounds.ts'
import type { Run, Trial } from '../run-file.ts'
import { checkOperationalLaws, type Observation, type Violation } from './operational-laws.ts'

export interface TrialViolation extends Violation {
  readonly round: number
  readonly mode: Trial['mode']
}

/**
 * The laws on every paused load of a run. Little's law only where each connection always has a request under way; the
 * CPU of all processes together against the machine's cores everywhere.
 */
export function checkRunLaws(run: Run): TrialViolation[] {
  return run.trials.filter(succeeded).flatMap((trial) => {
    const observation = observeTrial(run, trial)
    const violations = observation === null ? [] : checkOperationalLaws(observation)
    return violations.map((violation) => ({ ...violation, round: trial.round, mode: trial.mode }))
  })
}

/** Null for a trial without answers, or without the CPU of its processes. */
export function observeTrial({ plan, environment }: Run, trial: Trial): Observation | null {
  const load = loadOf(trial, 'paused')
  const histogram = load && mergeHistograms([load.histogram])
  if (!load || !histogram || histogram.totalCount === 0 || load.seconds === 0) return null
  const answers = answersOf(load)
  const cpuMs = Object.values(load.cpu_ms).reduce((sum, ms) => sum + ms, 0)
  const isBusyLoop = plan.engine === 'autocannon' && !plan.paced && plan.people === null && load.errors === 0
  return {
    throughput: answers / load.seconds,
    responseTime: histogram.mean / 1e6,
    customers: isBusyLoop ? plan.connections : null,
    thinkTime: 0,
    stations: [
      { name: 'all processes', demand: cpuMs / 1_000 / answers, servers: environment.cores, utilisation: null },
    ],
  }
}
