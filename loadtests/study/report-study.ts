import { formatCount, formatNumber, formatShare } from '../analysis/format.ts'
import type { StudyPlan } from './study-file.ts'
import { type StudySummary, shareText, type VariantSummary } from './summarise-study.ts'

/** The study as markdown. */
export function renderStudy(plan: StudyPlan, summary: StudySummary): string {
  const { environment } = plan
  const sections = [
    '# A/A study: how often is the comparison right?',
    `${summary.blocks} blocks of ${plan.rounds} rounds. In each round every variant has ${plan.slices} slices of ` +
      `${plan.requests} requests, all in random order, one request at a time; mode token-bucket, drain paused, seed ` +
      `${plan.seed}; begun ${plan.started_at.slice(0, 10)}. ${formatCount(summary.accepted)} redemptions, ` +
      `${formatCount(summary.errors)} errors; a request took ${formatNumber(summary.request_ms)} ms (median). ` +
      `${environment.cpu}, ${environment.cores} cores, Node ${environment.node}, Redis ${environment.redis}.`,
    '## What was demanded',
    table(
      ['demand', 'wanted', 'got (95 % interval)', 'verdict'],
      summary.demands.map(({ name, wanted, got, verdict }) => [name, wanted, got, verdict]),
    ),
    '## How often a difference was seen',
    table(
      ['variant', 'by p50', 'by rate', 'by CPU', 'by these three together', 'by Redis commands'],
      [summary.same, ...summary.slow].map((variant) => [
        nameOf(variant),
        shareText(variant.by_latency),
        shareText(variant.by_rate),
        shareText(variant.by_cost),
        shareText(variant.together),
        shareText(variant.by_commands),
      ]),
    ),
    'For "the same" any difference is a false alarm; of a slow-down only a worse figure counts as found.',
    '## How large it was, and what would have been seen',
    table(
      ['variant', 'p50', 'rate', 'CPU', 'Redis commands', 'detectable in p50', 'in rate', 'in CPU'],
      [summary.same, ...summary.slow].map(effectRow),
    ),
    EXPLAINED,
  ]
  return `${sections.join('\n\n')}\n`
}

const EXPLAINED = [
  'Medians over the comparisons. Detectable: the least difference that is seen in 80 % of such comparisons. CPU: of the',
  'server process per redemption; Redis commands: per redemption, counted at the server itself.',
  '',
  'Alone, each figure is held against chance at 5 %; together by Holm, so that one of the three is a false alarm in at most',
  '5 % of cases. What was demanded is judged by the median latency alone. All variants of a block are one server process,',
  'and each block has a new one. A slow-down of 5 % or 10 % spins in the server for that share of the median latency of',
  'the round before; one more Redis command is a PING for which the request waits. Comparisons of the same with the same',
  'share no slice.',
].join('\n')

function effectRow(variant: VariantSummary): string[] {
  const change = (ratio: number | null) => (ratio === null ? '–' : signed(100 * (ratio - 1), ' %'))
  const share = (value: number | null) => (value === null ? '–' : formatShare(value))
  return [
    nameOf(variant),
    change(variant.latency_ratio),
    change(variant.rate_ratio),
    change(variant.cost_ratio),
    variant.commands_difference === null ? '–' : signed(variant.commands_difference, ''),
    share(variant.detectable_latency),
    share(variant.detectable_rate),
    share(variant.detectable_cost),
  ]
}

function signed(value: number, unit: string): string {
  const text = Math.abs(value).toFixed(Math.abs(value) < 0.1 ? 2 : 1)
  return `${value < 0 ? '−' : '+'}${text}${unit}`
}

const NAMES: Readonly<Record<string, string>> = {
  'slow-5': '5 % slower',
  'slow-10': '10 % slower',
  'extra-command': 'one more Redis command',
}

function nameOf({ variant }: VariantSummary): string {
  return NAMES[variant] ?? variant
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
