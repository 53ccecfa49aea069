import type { InvariantResult, Result, Trial } from '../run-file.ts'

export const KEPT_IDS = 20

/** Adds up what the checker looked at over all trials, failed ones too: a broken invariant stays broken. */
export function mergeInvariants(trials: readonly Trial[]): InvariantResult[] {
  const merged = new Map<number, InvariantResult>()
  for (const invariant of trials.flatMap((trial) => trial.invariants)) {
    const known = merged.get(invariant.number) ?? { ...invariant, examined: 0, broken: [] }
    merged.set(invariant.number, {
      ...known,
      examined: known.examined + invariant.examined,
      broken: [...new Set([...known.broken, ...invariant.broken])].slice(0, KEPT_IDS),
    })
  }
  return [...merged.values()].sort((a, b) => a.number - b.number)
}

/** A check that examined nothing has shown nothing: it is neither held nor broken. */
export function invariantVerdict(invariant: InvariantResult): 'held' | 'broken' | 'not examined' {
  if (invariant.broken.length > 0) return 'broken'
  return invariant.examined > 0 ? 'held' : 'not examined'
}

export function brokenInvariants(result: Pick<Result, 'invariants'>): InvariantResult[] {
  return result.invariants.filter((invariant) => invariantVerdict(invariant) === 'broken')
}
