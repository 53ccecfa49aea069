import { createRandom } from '../analysis/random.ts'
import type { Subject, Trial } from '../run-file.ts'
import { runTrial } from './run-trial.ts'
import type { TrialContext, TrialPosition } from './trial-context.ts'

/**
 * Randomised interleaved trials: each round tries every subject once, in an order drawn anew, so that a drift of the
 * machine hits all of them alike.
 * @param onTrial called after each trial, so that what was measured can be kept
 * @throws the signal's reason when the run is interrupted
 */
export async function runRounds(
  context: TrialContext,
  onStart: (position: TrialPosition) => void,
  onTrial: (trial: Trial) => Promise<void>,
): Promise<void> {
  for (const position of planPositions(context.plan)) {
    context.signal.throwIfAborted()
    onStart(position)
    await onTrial(await runTrial(context, position))
  }
}

/** The order of all trials of a run: it follows from the seed alone. */
export function planPositions(plan: { modes: readonly Subject[]; rounds: number; seed: number }): TrialPosition[] {
  const random = createRandom(plan.seed)
  return Array.from({ length: plan.rounds }, (_, round) =>
    shuffle(plan.modes, random).map((mode, index) => ({ round: round + 1, position: index + 1, mode })),
  ).flat()
}

/** Fisher–Yates. */
export function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item]
  }
  return shuffled
}
