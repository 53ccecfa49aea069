import { createRandom } from '../analysis/random.ts'
import type { Plan, StopReason, Subject } from '../run-file.ts'
import type { TrialPosition } from './trial-context.ts'

/**
 * Randomised interleaved trials: each round tries every subject once, in an order drawn anew, so that a drift of the
 * machine hits all of them alike.
 * @param whyStop asked after each round; null goes on
 * @returns why it ended
 * @throws the signal's reason when the run is interrupted
 */
export async function runRounds(
  plan: Pick<Plan, 'modes' | 'seed'>,
  signal: AbortSignal,
  measure: (position: TrialPosition) => Promise<void>,
  whyStop: (round: number) => StopReason | null,
): Promise<StopReason> {
  for (const positions of planRounds(plan)) {
    for (const position of positions) {
      signal.throwIfAborted()
      await measure(position)
    }
    // What was cut short is kept, and ends the run.
    signal.throwIfAborted()
    const reason = whyStop(positions[0]?.round ?? 0)
    if (reason !== null) return reason
  }
  throw new RangeError('rounds never end by themselves')
}

/** The order of all trials of a run with so many rounds. */
export function planPositions(plan: { modes: readonly Subject[]; rounds: number; seed: number }): TrialPosition[] {
  const endless = planRounds(plan)
  return Array.from({ length: plan.rounds }, () => endless.next().value ?? []).flat()
}

/** The order of the trials of each round, without an end: it follows from the seed alone. */
export function* planRounds(plan: { modes: readonly Subject[]; seed: number }): Generator<TrialPosition[], void> {
  let round = 0
  for (const modes of shuffleRounds(plan.modes, plan.seed)) {
    round++
    yield modes.map((mode, index) => ({ round, position: index + 1, mode }))
  }
}

/** The same items in a new order each round, without an end. */
export function* shuffleRounds<Item>(items: readonly Item[], seed: number): Generator<Item[], void> {
  const random = createRandom(seed)
  for (;;) yield shuffle(items, random)
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
