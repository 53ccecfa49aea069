import { formatCount, formatNumber, formatShare } from '../analysis/format.ts'
import type { StudyPlan } from './study-file.ts'
import { type StudySummary, shareText, type VariantSummary } from './summarise-study.ts'

/** The study as markdown. */
export function renderStudy(plan: StudyPlan, summary: StudySummary): string {
  const { environment } = plan
  const variants = [summary.same, ...summary.slow]
  const names = summary.same.figures.map(({ name }) => name)
  const sections = [
    '# A/A study: how often is the comparison right?',
    `${summary.blocks} blocks of ${plan.rounds} rounds. In each round every variant has ${plan.slices} slices of ` +
      `${plan.requests} requests, all in random order, one request at a time; mode token-bucket, drain paused, seed ` +
      `${plan.seed}; begun ${plan.started_at.slice(0, 10)}. ${formatCount(summary.accepted)} redemptions, ` +
      `${formatCount(summary.errors)} errors; a request took ${formatNumber(summary.p10_ms)} ms (p10) ` +
      `and ${formatNumber(summary.p50_ms)} ms (p50). ` +
      `${environment.cpu}, ${environment.cores} cores, Node ${environment.node}, Redis ${environment.redis}.`,
    '## What was demanded',
    table(
      ['demand', 'wanted', 'got (95 % interval)', 'verdict'],
      summary.demands.map(({ name, wanted, got, verdict }) => [name, wanted, got, verdict]),
    ),
    '## How often a difference was seen',
    table(
      ['variant', ...names.map((name) => `by ${name}`), 'by these together', 'by Redis commands'],
      variants.map((variant) => [
        nameOf(variant),
        ...variant.figures.map(({ seen }) => shareText(seen)),
        shareText(variant.together),
        shareText(variant.commands),
      ]),
    ),
    'For "the same" any difference is a false alarm; of a slow-down only a worse figure counts as found.',
    '## How large it was, and what would have been seen',
    table(['variant', ...names, 'Redis commands'], variants.map(effectRow)),
    EXPLAINED,
    '## Two runs apart',
    table(
      ['two blocks, one after the other, by p10', 'called different'],
      [
        ['the same, figures as they are', shareText(summary.between.as_they_are)],
        ['the same, over a reference of their round', shareText(summary.between.over_reference)],
        ['10 % slower, over a reference of their round', shareText(summary.between.slow_found)],
      ],
    ),
    BETWEEN,
  ]
  return `${sections.join('\n\n')}\n`
}

const EXPLAINED = [
  'Change, and in parentheses the least change that is seen in 80 % of such comparisons; medians over the comparisons.',
  'p10 and p50: percentiles of the latency that the client saw, of which p10 is the time that a request takes while nothing',
  'gets in its way. CPU: of the server process per redemption. Redis commands: per redemption, counted at the server itself.',
  '',
  'Each figure is held against chance at 5 % by itself; together by Holm, so that one of them is a false alarm in at most',
  '5 % of cases. All variants of a block are one server process, and each block has a new one. A slow-down of 5 % or 10 %',
  'spins in the server for that share of the p10 of the round before; one more Redis command is a PING for which the',
  'request waits. Comparisons of the same with the same share no slice. That the p10 decides was chosen after trials that are',
  'not among these, and before these began.',
].join('\n')

const BETWEEN = [
  'Two blocks are two runs, minutes apart, of different processes; each block is in one pair. As they are, a machine of',
  'another speed is a difference; over a reference of the same round it cancels, which is why `compare` holds figures against',
  'the ceiling and judges none without it.',
].join('\n')

function effectRow(variant: VariantSummary): string[] {
  const difference = variant.commands_difference
  return [
    nameOf(variant),
    ...variant.figures.map(({ ratio, detectable }) =>
      ratio === null
        ? '–'
        : `${signed(100 * (ratio - 1), ' %')} (${detectable === null ? '–' : formatShare(detectable)})`,
    ),
    difference === null ? '–' : signed(difference, ''),
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
