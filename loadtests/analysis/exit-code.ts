import type { Summary } from '../run-file.ts'
import { brokenInvariants } from './merge-invariants.ts'

/** Whether a target was missed; what could not be measured here is not a miss. */
function isAnyTargetMissed(summary: Summary): boolean {
  return summary.targets.some((target) => target.verdict === 'missed')
}

/**
 * 4 an invariant broke, before 3 a trial failed or nothing could be concluded, before 1 a target was missed (only
 * with the gate), before 0.
 */
export function exitCodeFor(summary: Summary, options: { gate: boolean }): 0 | 1 | 3 | 4 {
  if (summary.results.some((result) => brokenInvariants(result).length > 0)) return 4
  const invalid = summary.results.some((result) => result.validity === 'INVALID' || result.failed_trials > 0)
  if (invalid || summary.results.length === 0) return 3
  return options.gate && isAnyTargetMissed(summary) ? 1 : 0
}
