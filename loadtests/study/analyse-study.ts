import { median } from '../analysis/bootstrap.ts'
import { compareCounted } from '../analysis/compare-counted.ts'
import { type Comparison, comparePaired, FALSE_ALARMS } from '../analysis/compare-figures.ts'
import { holm } from '../analysis/holm.ts'
import { pairsWithinRounds } from '../analysis/pairs-within-rounds.ts'
import type { Block, RoundFigure } from './study-file.ts'
import { SAME_PAIRS, SLOW_PAIRS } from './variants.ts'

/** What is said of two variants of one block. */
export interface PairJudgement {
  readonly block: number
  readonly first: string
  readonly second: string
  /** Median latency. */
  readonly latency: Comparison
  readonly rate: Comparison
  /** CPU time of the server per redemption. */
  readonly cost: Comparison
  /** Redis commands per redemption. */
  readonly commands: ReturnType<typeof compareCounted>
  /** Latency, rate and cost together, as a gate judges them: in at most 5 % of cases one of them is a false alarm. */
  readonly together: 'worse' | 'better' | 'no difference seen'
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
  const of = (variant: string, figure: (round: RoundFigure) => number) =>
    new Map(block.figures.flatMap((round) => (round.variant === variant ? [[round.round, figure(round)]] : [])))
  const compare = (figure: (round: RoundFigure) => number) =>
    comparePaired(pairsWithinRounds(of(first, figure), of(second, figure)))
  const latency = compare(({ p50_ms }) => p50_ms)
  const rate = compare(({ accepted, seconds }) => accepted / seconds)
  const cost = compare(({ server_cpu_us, accepted }) => server_cpu_us / accepted)
  const commands = compareCounted(commandsOf(block, first), commandsOf(block, second))
  return { block: block.block, first, second, latency, rate, cost, commands, together: decide(latency, rate, cost) }
}

function decide(latency: Comparison, rate: Comparison, cost: Comparison): PairJudgement['together'] {
  const stands = holm([latency.p, rate.p, cost.p], FALSE_ALARMS)
  const isAbove = ({ ratio }: Comparison) => (ratio?.estimate ?? 1) > 1
  const isWorse = [isAbove(latency), !isAbove(rate), isAbove(cost)]
  if (isWorse.some((worse, index) => worse && stands[index])) return 'worse'
  return stands.includes(true) ? 'better' : 'no difference seen'
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
