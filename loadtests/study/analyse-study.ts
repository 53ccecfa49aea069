import { median } from '../analysis/bootstrap.ts'
import { type CountedComparison, compareCounted } from '../analysis/compare-counted.ts'
import { type Comparison, comparePaired, FALSE_ALARMS } from '../analysis/compare-figures.ts'
import { holm } from '../analysis/holm.ts'
import { pairsWithinRounds } from '../analysis/pairs-within-rounds.ts'
import type { Block, RoundFigure } from './study-file.ts'
import { SAME_PAIRS, SLOW_PAIRS } from './variants.ts'

interface Figure {
  readonly name: string
  /** A slow-down makes it greater, or smaller. */
  readonly worse: 'higher' | 'lower'
  readonly of: (round: RoundFigure) => number
}

/** What takes time, and so is noisy. */
export const FIGURES: readonly Figure[] = [
  { name: 'p10', worse: 'higher', of: ({ p10_ms }) => p10_ms },
  { name: 'p50', worse: 'higher', of: ({ p50_ms }) => p50_ms },
  { name: 'rate', worse: 'lower', of: ({ accepted, seconds }) => accepted / seconds },
  { name: 'CPU', worse: 'higher', of: ({ server_cpu_us, accepted }) => server_cpu_us / accepted },
]

export type Seen = 'worse' | 'better' | 'no difference seen'

/** What is said of two variants of one block. */
export interface PairJudgement {
  readonly block: number
  readonly first: string
  readonly second: string
  /** In the order of FIGURES: each by itself, so that each errs in at most 5 % of cases. */
  readonly figures: readonly { readonly name: string; readonly seen: Seen; readonly comparison: Comparison }[]
  /** All figures, so that in at most 5 % of cases one of them is a false alarm: as a gate judges them. */
  readonly together: Seen
  /** Redis commands per redemption. */
  readonly commands: CountedComparison
}

/** How often what was looked for was said, with the 95 % interval of that share. */
export interface Share {
  readonly count: number
  readonly of: number
  readonly low: number
  readonly high: number
}

/** Comparisons without a common slice: the three of each block. */
export function judgeSame(blocks: readonly Block[]): PairJudgement[] {
  return blocks.flatMap((block) => SAME_PAIRS.map(([first, second]) => judgePair(block, first, second)))
}

/** Each slow-down against the configuration without it, once per block. */
export function judgeSlow(blocks: readonly Block[]): PairJudgement[] {
  return blocks.flatMap((block) => SLOW_PAIRS.map(([first, second]) => judgePair(block, first, second)))
}

function judgePair(block: Block, first: string, second: string): PairJudgement {
  const byRound = (variant: string, figure: Figure) =>
    new Map(block.figures.flatMap((round) => (round.variant === variant ? [[round.round, figure.of(round)]] : [])))
  const compared = FIGURES.map((figure) => ({
    figure,
    comparison: comparePaired(pairsWithinRounds(byRound(first, figure), byRound(second, figure))),
  }))
  const stands = holm(
    compared.map(({ comparison }) => comparison.p),
    FALSE_ALARMS,
  )
  const together = compared.map(({ figure, comparison }, index) => seen(figure, comparison, stands[index] ?? false))
  return {
    block: block.block,
    first,
    second,
    figures: compared.map(({ figure, comparison }) => ({
      name: figure.name,
      seen: seen(figure, comparison, comparison.verdict === 'higher' || comparison.verdict === 'lower'),
      comparison,
    })),
    together: together.find((one) => one === 'worse') ?? together.find((one) => one === 'better') ?? NOTHING,
    commands: compareCounted(commandsOf(block, first), commandsOf(block, second)),
  }
}

const NOTHING: Seen = 'no difference seen'

function seen({ worse }: Figure, { ratio }: Comparison, stands: boolean): Seen {
  if (!stands || ratio === null) return NOTHING
  return ratio.estimate > 1 === (worse === 'higher') ? 'worse' : 'better'
}

function commandsOf({ counted }: Block, variant: string): number {
  const own = counted.find((one) => one.variant === variant)
  return own ? own.redis_commands / own.accepted : Number.NaN
}

/** Wilson's score interval. Source: E. Wilson, JASA 22 (1927). */
export function shareOf(count: number, of: number): Share {
  if (of === 0) return { count, of, low: 0, high: 1 }
  const z = 1.96
  const share = count / of
  const scale = 1 + z ** 2 / of
  const middle = (share + z ** 2 / (2 * of)) / scale
  const reach = (z / scale) * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2))
  return { count, of, low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) }
}

/** Median over comparisons of a figure that some of them may lack. */
export function medianOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined)
  return known.length === 0 ? null : median(known)
}
