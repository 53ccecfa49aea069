import { formatNumber, formatShare, joinWords } from '../analysis/format.ts'
import type { CapacityResult, CapacityRun } from './capacity-file.ts'
import { spreadsOf } from './spread.ts'

/**
 * What the searches found, for somebody who reads nothing else: the first search of each mode, goal by goal, and how far
 * others of the same lie apart.
 */
export function capacityVerdict(run: CapacityRun, results: readonly CapacityResult[]): string {
  const firsts = results.filter((one) => one.search === Math.min(...results.map(({ search }) => search)))
  if (firsts.length === 0) return 'No mode was tried.'
  const unit = run.search.loop === 'open' ? 'people per second' : 'connections'
  const what = run.points[0]?.drain === 'paused' ? ' (accepting alone, nothing drains)' : ''
  const sentences = firsts.map((one) => {
    const spread = spreadsOf(results).find(({ mode, goal }) => mode === one.mode && goal === one.goal)
    const others = spread
      ? ` ${spread.searches} searches found ${formatNumber(spread.low)} to ${formatNumber(spread.high)}, ${formatShare(spread.spread)} apart.`
      : ''
    return `${one.mode}, ${one.goal}: ${capacityText(one)}${causeText(one)}.${others}`
  })
  const doubts = run.status === 'interrupted' ? ['It was interrupted: what was measured until then is kept.'] : []
  return [`Capacity in ${unit}${what}.`, ...winnerSentence(firsts), ...sentences, ...doubts].join(' ')
}

/** Of several modes, by the first goal: the two of which the most was shown to be met. */
function winnerSentence(firsts: readonly CapacityResult[]): string[] {
  const goal = firsts[0]?.goal
  const ranked = firsts
    .filter((one) => one.goal === goal && (one.lower ?? 0) > 0)
    .sort((a, b) => (b.lower ?? 0) - (a.lower ?? 0))
  const [best, second] = ranked
  if (best === undefined || second === undefined) return []
  return [
    `${best.mode} carries most: ${capacityText(best)}, then ${second.mode} with ${capacityText(second)} (${goal}).`,
  ]
}

/** As an interval, with what it lacks. */
export function capacityText({ kind, lower, upper, why }: CapacityResult): string {
  const number = (load: number | null) => formatNumber(load)
  if (kind === 'zero') return `0, as ${why}`
  if (kind === 'interval') return `${number(lower)}–${number(upper)}${why === null ? '' : ` (${why})`}`
  if (kind === 'at least') return `at least ${number(lower)} (${why})`
  return kind === 'below' ? `less than ${number(upper)}` : `nothing can be said (${why})`
}

function causeText({ kind, bottleneck }: CapacityResult): string {
  if (kind === 'zero' || kind === 'unknown' || bottleneck === null) return ''
  if (bottleneck.names.length === 0) return '; nothing was busy'
  return `; the limit is the ${joinWords(bottleneck.names)}`
}
