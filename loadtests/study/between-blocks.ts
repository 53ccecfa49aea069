import { type Comparison, compareUnpaired } from '../analysis/compare-figures.ts'
import { pairsWithinRounds } from '../analysis/pairs-within-rounds.ts'
import { type Share, shareOf } from './analyse-study.ts'
import type { Block } from './study-file.ts'
import { SAME_PAIRS } from './variants.ts'

/** How often two blocks, taken as two runs of different times, were called different by their p10. */
export interface BetweenBlocks {
  /** The same, figures as they are: the machine's speed between the two counts as a difference. */
  readonly as_they_are: Share
  /** The same, each over a reference of its round, as `compare` holds figures against the ceiling. */
  readonly over_reference: Share
  /** 10 % slower in the second one, over the reference: found. */
  readonly slow_found: Share
}

/** Each block is in one pair only; neighbours in time, so that the drift is the least that there is. */
export function judgeBetween(blocks: readonly Block[]): BetweenBlocks {
  const neighbours = blocks.flatMap((block, index) => {
    const next = blocks[index + 1]
    return index % 2 === 0 && next ? [[block, next] as const] : []
  })
  const same = neighbours.flatMap(([before, after]) =>
    SAME_PAIRS.map(([variant, reference]) => ({
      raw: compareUnpaired(figures(after, variant), figures(before, variant)),
      relative: compareUnpaired(ratios(after, variant, reference), ratios(before, variant, reference)),
    })),
  )
  const slow = neighbours.map(([before, after]) =>
    compareUnpaired(ratios(after, 'slow-10', 'A2'), ratios(before, 'A1', 'A2')),
  )
  return {
    as_they_are: share(same.map(({ raw }) => isDifferent(raw))),
    over_reference: share(same.map(({ relative }) => isDifferent(relative))),
    slow_found: share(slow.map(({ verdict }) => verdict === 'higher')),
  }
}

function isDifferent({ verdict }: Comparison): boolean {
  return verdict === 'higher' || verdict === 'lower'
}

function share(outcomes: readonly boolean[]): Share {
  return shareOf(outcomes.filter(Boolean).length, outcomes.length)
}

function byRound({ figures: all }: Block, variant: string): Map<number, number> {
  return new Map(all.flatMap((one) => (one.variant === variant ? [[one.round, one.p10_ms]] : [])))
}

function figures(block: Block, variant: string): number[] {
  return [...byRound(block, variant).values()]
}

function ratios(block: Block, variant: string, reference: string): number[] {
  return pairsWithinRounds(byRound(block, variant), byRound(block, reference)).map(([value, base]) => value / base)
}
