import { formatDetectable, formatNumber, formatShare } from '../analysis/format.ts'
import type { Pair, Run } from '../run-file.ts'

const ABSENT = '–'

/** How to read the pairs. */
export const PAIRS_EXPLAINED =
  'Ratios within rounds, studentised bootstrap over whole rounds, each at most 5 % false alarms; would have been seen: ' +
  'the least difference that is seen in 80 % of such runs.'

/** Columns and cells of the pairs, for the terminal, for markdown and for the page alike. */
export function pairTable(pairs: readonly Pair[]): { columns: string[]; rows: string[][] } {
  const what = pairs[0]?.figure === 'latency_p99_ms' ? 'p99' : 'rate'
  return {
    columns: ['pair', 'verdict', `ratio of ${what} (95 %)`, 'would have been seen'],
    rows: pairs.map(({ first, second, verdict, ratio, detectable }) => [
      `${first} : ${second}`,
      verdict,
      ratio === null ? ABSENT : ratioText(ratio),
      formatDetectable(detectable),
    ]),
  }
}

/** `1.21 (1.05–1.40)` */
export function ratioText({ estimate, low, high }: NonNullable<Pair['ratio']>): string {
  if (low === null || high === null) return formatNumber(estimate)
  return `${formatNumber(estimate)} (${formatNumber(low)}–${formatNumber(high)})`
}

/** How many rounds there were; with a goal, or when it was interrupted, that is not known before. */
export function roundsDone({ plan, status, trials }: Run): number {
  const isPlanned = plan.width === null && status === 'complete'
  return isPlanned ? plan.rounds : Math.max(0, ...trials.map(({ round }) => round))
}

/** Why a run with a goal has so many rounds; nothing for one that just did its rounds. */
export function stopLine({ plan, stopped_because: reason }: Run): string[] {
  if (plan.width === null || reason === null) return []
  return [`Goal: the ratio of every two modes to ± ${formatShare(plan.width)}; it ended because ${reason}.`]
}
