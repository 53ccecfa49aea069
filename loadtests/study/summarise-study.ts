import { formatShare } from '../analysis/format.ts'
import { FIGURES, judgeSame, judgeSlow, medianOf, type PairJudgement, type Share, shareOf } from './analyse-study.ts'
import { type BetweenBlocks, judgeBetween } from './between-blocks.ts'
import type { Block, RoundFigure, StudyPlan } from './study-file.ts'
import { SLOW_PAIRS } from './variants.ts'

const MINIMUM_COMPARISONS = 100
/** The figure that the demands are about: a request's own time, while nothing gets in its way. */
const HEADLINE = 'p10'

export interface Demand {
  readonly name: string
  readonly wanted: string
  readonly got: string
  readonly verdict: 'met' | 'missed' | 'too few comparisons'
}

export interface FigureSummary {
  readonly name: string
  readonly seen: Share
  /** Medians over the comparisons: the ratio, and the least difference that is seen in 80 % of such comparisons. */
  readonly ratio: number | null
  readonly detectable: number | null
}

export interface VariantSummary {
  readonly variant: string
  readonly figures: readonly FigureSummary[]
  readonly together: Share
  readonly commands: Share
  readonly commands_difference: number | null
}

export interface StudySummary {
  readonly study: 'aa'
  readonly schema: 1
  readonly started_at: string
  readonly blocks: number
  readonly rounds: number
  readonly accepted: number
  readonly errors: number
  /** Medians over rounds and variants. */
  readonly p10_ms: number | null
  readonly p50_ms: number | null
  readonly same: VariantSummary
  readonly slow: readonly VariantSummary[]
  readonly between: BetweenBlocks
  readonly demands: readonly Demand[]
  readonly comparisons: readonly PairJudgement[]
}

/** What a study found, from its blocks alone. */
export function summariseStudy(plan: StudyPlan, blocks: readonly Block[]): StudySummary {
  const [same, slow] = [judgeSame(blocks), judgeSlow(blocks)]
  const rounds = blocks.flatMap(({ figures }) => figures)
  const total = (figure: (round: RoundFigure) => number) => rounds.reduce((sum, round) => sum + figure(round), 0)
  const sameSummary = summariseVariant('the same', same)
  const slowSummaries = SLOW_PAIRS.map(([variant]) =>
    summariseVariant(
      variant,
      slow.filter(({ first }) => first === variant),
    ),
  )
  return {
    study: 'aa',
    schema: 1,
    started_at: plan.started_at,
    blocks: blocks.length,
    rounds: plan.rounds,
    accepted: total(({ accepted }) => accepted),
    errors: total(({ errors }) => errors),
    p10_ms: medianOf(rounds.map(({ p10_ms }) => p10_ms)),
    p50_ms: medianOf(rounds.map(({ p50_ms }) => p50_ms)),
    same: sameSummary,
    slow: slowSummaries,
    between: judgeBetween(blocks),
    demands: demandsOf(sameSummary, slowSummaries),
    comparisons: [...same, ...slow],
  }
}

/** Of the same, any difference is one too many; of a slow-down only what got worse was found. */
function summariseVariant(variant: string, judgements: readonly PairJudgement[]): VariantSummary {
  const isSame = variant === 'the same'
  const share = (is: (judgement: PairJudgement) => boolean) => shareOf(judgements.filter(is).length, judgements.length)
  const counts = (seen: string | undefined) => seen === 'worse' || (isSame && seen === 'better')
  return {
    variant,
    figures: FIGURES.map(({ name }, index) => ({
      name,
      seen: share(({ figures }) => counts(figures[index]?.seen)),
      ratio: medianOf(judgements.map(({ figures }) => figures[index]?.comparison.ratio?.estimate)),
      detectable: medianOf(judgements.map(({ figures }) => figures[index]?.comparison.detectable)),
    })),
    together: share(({ together }) => counts(together)),
    commands: share(({ commands }) => commands.verdict === 'more' || (isSame && commands.verdict === 'fewer')),
    commands_difference: medianOf(judgements.map(({ commands }) => commands.first - commands.second)),
  }
}

function demandsOf(same: VariantSummary, slow: readonly VariantSummary[]): Demand[] {
  const find = (name: string) => slow.find(({ variant }) => variant === name)
  const byTime = (variant: VariantSummary | undefined) => variant?.figures.find(({ name }) => name === HEADLINE)?.seen
  const enough = same.together.of >= MINIMUM_COMPARISONS
  const few = (share: number) => share <= 0.05
  return [
    demand(`false alarms, by ${HEADLINE}`, '≤ 5 % of at least 100 comparisons', byTime(same), few, enough),
    demand('false alarms, by all figures together', '≤ 5 %', same.together, few, enough),
    demand('false alarms, by counted work', '≤ 5 %', same.commands, few, enough),
    demand(`10 % slow-downs found, by ${HEADLINE}`, '≥ 90 %', byTime(find('slow-10')), (share) => share >= 0.9),
    demand(
      'one more Redis command found, by counted work',
      '100 %',
      find('extra-command')?.commands,
      (share) => share === 1,
    ),
  ]
}

function demand(
  name: string,
  wanted: string,
  share: Share | undefined,
  isMet: (share: number) => boolean,
  enough = true,
): Demand {
  if (!share || share.of === 0) return { name, wanted, got: 'nothing', verdict: 'too few comparisons' }
  // Of a few comparisons one by chance is a large share: only what lies clearly beyond is missed.
  const isMissed = !isMet(enough ? share.count / share.of : share.low)
  const verdict = isMissed ? 'missed' : enough ? 'met' : 'too few comparisons'
  return { name, wanted, got: shareText(share), verdict }
}

/** `3 of 102: 2.9 % (1 % to 8.3 %)` */
export function shareText({ count, of, low, high }: Share): string {
  if (of === 0) return '–'
  return `${count} of ${of}: ${formatShare(count / of)} (${formatShare(low)} to ${formatShare(high)})`
}
