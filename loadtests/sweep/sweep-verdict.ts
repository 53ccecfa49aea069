import { formatInterval, formatNumber, formatShare, joinWords } from '../analysis/format.ts'
import { KNOBS } from './knobs.ts'
import { FIGURES } from './sweep-figures.ts'
import type { PointResult, SweepSummary } from './sweep-file.ts'

type Analysed = Omit<SweepSummary, 'verdict' | 'warnings'>

/** The outcome in a sentence or two. */
export function describeVerdict(summary: Analysed): string {
  const { best, points, figure, recommendation, rule_of_thumb: thumb } = summary
  const top = points.find(({ name }) => name === best)
  const reached = top?.[figure]
  const broken = points.filter(({ broken_invariants: numbers }) => numbers.length > 0)
  if (broken.length > 0)
    return `An invariant BROKE with ${joinWords(broken.map(({ name }) => name))}: nothing there counts as capacity.`
  if (!top || !reached) return 'Nothing was measured that counts.'
  const { isLessBetter, unit } = FIGURES[figure]
  const what = isLessBetter ? 'The lowest mean was' : 'Most was reached'
  const most = `${what} with ${top.name}: ${formatInterval(reached)} ${unit}.`
  const advice = recommendation === null ? '' : ` Recommended: ${recommendation.told}.`
  const rule =
    thumb === null ? '' : ` The rule of thumb, 2 × cores + spindles, says ${thumb} for all processes together.`
  return most + advice + rule
}

/** What must be known before the figures are used. */
export function warnOf(summary: Analysed): string[] {
  return [...warnOfKnobs(summary), ...summary.points.flatMap(warnOfPoint), ...(summary.usl?.warnings ?? [])]
}

function warnOfKnobs({ knobs, mode }: Analysed): string[] {
  return knobs.flatMap(({ knob }) => {
    const idle = KNOBS[knob].isIdle(mode)
    return idle === null ? [] : [`${knob} was swept in the mode ${mode}: ${idle}`]
  })
}

function warnOfPoint(point: PointResult): string[] {
  const { name, trials, failed_trials: failed, invalid_trials: invalid, reasons, pool, error_ratio: errors } = point
  const lost = failed + invalid
  return [
    ...(lost > 0 ? [`${name}: ${lost} of ${trials} trials do not count (${reasons.join('; ')})`] : []),
    ...(errors !== null && errors > 0.01 ? [`${name}: ${formatShare(errors)} of the requests failed`] : []),
    ...(pool?.agrees === false && pool.agreement !== null
      ? [
          `${name}: ${formatNumber(pool.busy.median)} connections were in use by the pool's count, but throughput × hold make ${formatNumber(pool.throughput_x_hold?.median ?? null)} (${formatInterval(pool.agreement)} ×): one of the instruments is wrong`,
        ]
      : []),
  ]
}
