import { plural } from '../analysis/format.ts'
import { BrokenInvariantError } from '../errors.ts'
import type { Trial } from '../run-file.ts'
import { brokenNumbers } from './broken-numbers.ts'

/** @throws BrokenInvariantError when an invariant broke: nothing is foretold with what such a system costs */
export function refuseBroken(trials: readonly Trial[], directory: string): void {
  const broken = brokenNumbers(trials)
  if (broken.length > 0)
    throw new BrokenInvariantError(
      `${broken.length === 1 ? 'invariant' : 'invariants'} ${broken.join(', ')} BROKE in ` +
        `${plural(trials.filter((trial) => brokenNumbers([trial]).length > 0).length, 'trial')} of what was measured ` +
        `(${directory}/run.json): nothing is foretold with that.`,
    )
}
