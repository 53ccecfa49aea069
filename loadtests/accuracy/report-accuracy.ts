import { formatShare, formatSigned } from '../analysis/format.ts'
import { FIGURES, type Figure } from '../points/point-figures.ts'
import { drawTextIntervals } from '../report/charts/text-intervals.ts'
import { bullets, table } from '../report/markdown-parts.ts'
import { lawLines } from '../report/report-rows.ts'
import type { AccuracySummary, Predictions } from './accuracy-file.ts'

const UNITS: Readonly<Record<Figure, { name: string; format: (value: number) => string }>> = {
  throughput: { name: 'per second', format: (value) => value.toFixed(1) },
  mean: { name: 'mean, ms', format: (seconds) => (1_000 * seconds).toFixed(1) },
  p99: { name: 'p99, ms', format: (seconds) => (1_000 * seconds).toFixed(1) },
}

/** The study as markdown. */
export function renderAccuracy(predictions: Predictions, summary: AccuracySummary): string {
  const { environment, rounds } = predictions
  const sections = [
    '# How well does the model foretell another size?',
    `${predictions.points.length} sizes and loads were foretold at ${predictions.written_at.slice(0, 19)}Z, out of a ` +
      `calibration on other ones (${rounds.calibration} rounds); they were run from ${summary.measured_from.slice(0, 19)}Z on, ` +
      `in ${rounds.held_out} interleaved rounds. ${environment.cpu}, ${environment.cores} cores, Node ${environment.node}.`,
    table(
      [
        'figure',
        'wanted (median)',
        'error (median)',
        'signed (median)',
        'the same measured twice',
        'intervals that held',
        'their ± (median)',
        'verdict',
      ],
      FIGURES.map((figure) => {
        const { wanted, error, bias, floor, held, of, half_width, verdict } = summary.overall[figure]
        return [
          figure,
          wanted,
          orDash(error, formatShare),
          orDash(bias, formatSigned),
          orDash(floor, formatShare),
          `${held} of ${of}`,
          orDash(half_width, formatShare),
          verdict,
        ]
      }),
    ),
    `Intervals: wanted to ${summary.intervals.wanted}; ${summary.intervals.got}: **${summary.intervals.verdict}**.`,
    bullets([
      ...lawLines(summary),
      ...summary.broken_invariants.map((number) => `**invariant ${number} BROKE: no figure of these trials counts**`),
    ]),
    ...FIGURES.flatMap((figure) => figureSection(figure, summary)),
    '## Whose demand was wrong',
    'CPU of one redemption in µs, taken for the rate that was foretold and counted while it ran; the furthest apart first.',
    table(
      ['point', 'station', 'taken', 'counted'],
      summary.points.flatMap(({ name, demands, most_wrong }) => {
        const worst = demands.find(({ station }) => station === most_wrong)
        return worst === undefined ? [] : [[name, worst.station, micro(worst.taken), micro(worst.counted)]]
      }),
    ),
    EXPLAINED,
  ]
  return `${sections.join('\n\n')}\n`
}

function figureSection(figure: Figure, summary: AccuracySummary): string[] {
  const { name, format } = UNITS[figure]
  const rows = summary.points.map(({ name: point, figures }) => {
    if (figures === null) return [point, 'no trial counts', '', '', '', '']
    const { foretold, measured, error, is_held, floor } = figures[figure]
    return [
      point,
      `${format(foretold.value)} (${format(foretold.low)}–${format(foretold.high)})`,
      format(measured),
      formatSigned(error),
      is_held ? 'yes' : 'no',
      floor === null ? '' : formatSigned(floor),
    ]
  })
  return [
    `## ${figure}`,
    picture(figure, summary),
    table(['point', `foretold, ${name} (90 %)`, 'measured', 'error', 'held', 'measured twice'], rows),
  ]
}

/** Each interval around what was foretold, and where the measured value lies. */
function picture(figure: Figure, { points }: AccuracySummary): string {
  const intervals = points.flatMap(({ name, figures }) => {
    if (figures === null) return []
    const { foretold, measured } = figures[figure]
    return [{ name, foretold: foretold.value, low: foretold.low, high: foretold.high, measured }]
  })
  return `\`\`\`text\n${drawTextIntervals(intervals)}\n\`\`\``
}

const EXPLAINED = [
  'Pictures: │ what was foretold, ─ its interval, ● measured inside of it, ○ outside.',
  'Error: foretold over measured, less 1. Measured: median over the rounds. Measured twice: the median of the odd rounds over',
  'that of the even ones, less 1: no model can be better than that. The predictions were written to `predictions.json`',
  "before the first of these points was tried. What comes in an open loop (people/s) is not the model's to foretell: its",
  'throughput is shown, but not counted above.',
].join('\n')

function orDash(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value)
}

function micro(seconds: number): string {
  return (1e6 * seconds).toFixed(0)
}
