import { formatShare } from '../analysis/format.ts'
import { judgeSame, judgeSlow, medianOf, type PairJudgement, type Share, shareOf } from './analyse-study.ts'
import type { Block, RoundFigure, StudyPlan } from './study-file.ts'
import { SLOW_PAIRS } from './variants.ts'

const MINIMUM_COMPARISONS = 100

export interface Demand {
  readonly name: string
  readonly wanted: string
  readonly got: string
  readonly verdict: 'met' | 'missed' | 'too few comparisons'
}

export interface VariantSummary {
  readonly variant: string
  /** Of its comparisons: called worse by its figures together, by each alone, by its counted Redis commands. */
  readonly together: Share
  readonly by_latency: Share
  readonly by_rate: Share
  readonly by_cost: Share
  readonly by_commands: Share
  /** Medians over its comparisons. */
  readonly latency_ratio: number | null
  readonly rate_ratio: number | null
  readonly cost_ratio: number | null
  readonly commands_difference: number | null
  readonly detectable_latency: number | null
  readonly detectable_rate: number | null
  readonly detectable_cost: number | null
}

export interface StudySummary {
  readonly study: 'aa'
  readonly schema: 1
  readonly started_at: string
  readonly blocks: number
  readonly rounds: number
  readonly accepted: number
  readonly errors: number
  /** Median latency over rounds and variants. */
  readonly request_ms: number | null
  readonly same: VariantSummary
  readonly slow: readonly VariantSummary[]
  readonly demands: readonly Demand[]
  readonly comparisons: readonly PairJudgement[]
}

/** What a study found, from its slices alone. */
export function summariseStudy(plan: StudyPlan, blocks: readonly Block[]): StudySummary {
  const same = judgeSame(blocks)
  const slow = judgeSlow(blocks)
  const sameSummary = summariseVariant('the same', same, (judgement) => judgement.together !== 'no difference seen')
  const slowSummaries = SLOW_PAIRS.map(([variant]) =>
    summariseVariant(
      variant,
      slow.filter(({ first }) => first === variant),
      ({ together }) => together === 'worse',
    ),
  )
  return {
    study: 'aa',
    schema: 1,
    started_at: plan.started_at,
    blocks: blocks.length,
    rounds: plan.rounds,
    accepted: total(blocks, ({ accepted }) => accepted),
    errors: total(blocks, ({ errors }) => errors),
    request_ms: medianOf(blocks.flatMap(({ figures }) => figures.map(({ p50_ms }) => p50_ms))),
    same: sameSummary,
    slow: slowSummaries,
    demands: demandsOf(sameSummary, slowSummaries),
    comparisons: [...same, ...slow],
  }
}

function summariseVariant(
  variant: string,
  judgements: readonly PairJudgement[],
  isSeen: (judgement: PairJudgement) => boolean,
): VariantSummary {
  const share = (is: (judgement: PairJudgement) => boolean) => shareOf(judgements.filter(is).length, judgements.length)
  const isSame = variant === 'the same'
  return {
    variant,
    together: share(isSeen),
    by_latency: share(({ latency }) => latency.verdict === 'higher' || (isSame && latency.verdict === 'lower')),
    by_rate: share(({ rate }) => rate.verdict === 'lower' || (isSame && rate.verdict === 'higher')),
    by_cost: share(({ cost }) => cost.verdict === 'higher' || (isSame && cost.verdict === 'lower')),
    by_commands: share(({ commands }) => commands.verdict === 'more' || (isSame && commands.verdict === 'fewer')),
    latency_ratio: medianOf(judgements.map(({ latency }) => latency.ratio?.estimate)),
    rate_ratio: medianOf(judgements.map(({ rate }) => rate.ratio?.estimate)),
    cost_ratio: medianOf(judgements.map(({ cost }) => cost.ratio?.estimate)),
    commands_difference: medianOf(judgements.map(({ commands }) => commands.first - commands.second)),
    detectable_latency: medianOf(judgements.map(({ latency }) => latency.detectable)),
    detectable_rate: medianOf(judgements.map(({ rate }) => rate.detectable)),
    detectable_cost: medianOf(judgements.map(({ cost }) => cost.detectable)),
  }
}

function total(blocks: readonly Block[], figure: (round: RoundFigure) => number): number {
  return blocks.reduce((sum, { figures }) => sum + figures.reduce((part, round) => part + figure(round), 0), 0)
}

function demandsOf(same: VariantSummary, slow: readonly VariantSummary[]): Demand[] {
  const find = (name: string) => slow.find(({ variant }) => variant === name)
  const [ten, extra] = [find('slow-10')?.by_latency, find('extra-command')?.by_commands]
  const enough = same.by_latency.of >= MINIMUM_COMPARISONS
  return [
    demand(
      'false alarms, by median latency',
      '≤ 5 % of at least 100 comparisons',
      same.by_latency,
      (x) => x <= 0.05,
      enough,
    ),
    demand('false alarms, by counted work', '≤ 5 %', same.by_commands, (x) => x <= 0.05, enough),
    demand('10 % slow-downs found, by median latency', '≥ 90 %', ten, (x) => x >= 0.9),
    demand('one more Redis command found, by counted work', '100 %', extra, (x) => x === 1),
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
  const verdict = isMet(share.count / share.of) ? (enough ? 'met' : 'too few comparisons') : 'missed'
  return { name, wanted, got: shareText(share), verdict }
}

/** `3 of 102: 2.9 % (1–8.3 %)` */
export function shareText({ count, of, low, high }: Share): string {
  if (of === 0) return '–'
  return `${count} of ${of}: ${formatShare(count / of)} (${formatShare(low)} to ${formatShare(high)})`
}
