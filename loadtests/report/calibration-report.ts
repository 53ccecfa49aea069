import { styleText } from 'node:util'
import { formatNumber } from '../analysis/format.ts'
import type { Calibration, CalibrationResult } from '../calibrate/calibration-file.ts'
import { FIGURES, TOLERANCE } from '../calibrate/truth.ts'
import { createPlainTable } from './plain-table.ts'
import { wrap } from './wrap.ts'

const NAMES = { p50: 'p50', p95: 'p95', p99: 'p99', p999: 'p99.9', mean: 'mean' } as const
const WIDTH = 120

/** The outcome as a table: for each figure what was true and by how much the driver was off. */
export function renderCalibration(calibration: Calibration, options: { colour: boolean }): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const table = createPlainTable({
    head: ['pattern', 'driver', ...FIGURES.map((figure) => `${NAMES[figure]} ms`), 'CPU µs', ''].map((text) =>
      paint('dim', text),
    ),
    colAligns: ['left', 'left', ...FIGURES.map(() => 'right' as const), 'right', 'left'],
  })
  for (const result of calibration.results)
    table.push([result.pattern, result.driver, ...figureCells(result), cpuCell(result), paint(...verdictOf(result))])
  const doubts = calibration.results
    .filter(({ validity }) => validity !== 'VALID')
    .flatMap(({ pattern, driver, validity_reasons: reasons }) =>
      wrap(`* ${driver} on ${pattern}: ${reasons.join('; ')}`, WIDTH),
    )
  return [
    paint('dim', `${calibration.rate_per_second} requests per second, ${calibration.seconds} s each`),
    ...(calibration.status === 'interrupted'
      ? [paint('yellow', 'It was interrupted: this is what was measured until then.')]
      : []),
    table.toString(),
    ...doubts.map((line) => paint('yellow', line)),
    ...wrap(EXPLAINED, WIDTH).map((line) => paint('dim', line)),
    '',
    ...wrap(sentenceOf(calibration), WIDTH).map((line) => paint('bold', line)),
  ]
    .join('\n')
    .replace(/ +$/gm, '')
}

const EXPLAINED =
  'Each cell: the truth, from the intended moment of a request to the write of its answer, and the signed error of the ' +
  'driver; two numbers are bounds, where a write was interrupted and nobody knows when it was done. ' +
  `Demanded of an open loop: within ${100 * TOLERANCE.share} %, or ${TOLERANCE.ms} ms where that is more. A closed ` +
  'loop sends nothing while it waits: of a stall it counts one request per connection instead of all who would have ' +
  'come, so that its percentiles are far too good. CPU µs: of the generator, per request.'

/** One line for progress. */
export function calibrationLine(result: CalibrationResult): string {
  const { pattern, driver, validity, error } = result
  const worst = error === null ? '–' : `p99 off by ${percent(error.p99)}, mean by ${percent(error.mean)}`
  return `${pattern.padEnd(12)} ${driver.padEnd(10)} ${worst}${validity === 'VALID' ? '' : ` (${validity})`}`
}

/** What a report of a run says of the meter that made it. */
export function meterLine(calibration: Calibration | null): string {
  if (calibration === null)
    return 'The meter was not calibrated here before this run: npm run calibrate shows its own error.'
  const day = calibration.made_at.slice(0, 16).replace('T', ' ')
  const part = calibration.status === 'interrupted' ? ' (interrupted)' : ''
  return `The meter, calibrated ${day} UTC${part}: ${sentenceOf(calibration)} ${errorsOf(calibration)}`.trim()
}

/** How far off each open loop was where it was furthest off. */
function errorsOf({ results }: Calibration): string {
  const counted = results.filter(({ demanded, validity }) => demanded && validity === 'VALID')
  const drivers = [...new Set(counted.map(({ driver }) => driver))]
  const parts = drivers.map((driver) => {
    const own = counted.filter((result) => result.driver === driver)
    const furthest = (figure: 'p50' | 'p99' | 'mean') => {
      const errors = own.flatMap(({ error }) => error?.[figure] ?? [])
      return `${figure} ${percent(errors.reduce((worst, each) => (Math.abs(each) > Math.abs(worst) ? each : worst), 0))}`
    }
    return `${driver} ${furthest('p50')}, ${furthest('p99')}, ${furthest('mean')}`
  })
  return parts.length === 0 ? '' : `Furthest off: ${parts.join('; ')}.`
}

/** In one sentence. */
export function sentenceOf(calibration: Pick<Calibration, 'results'>): string {
  const drivers = [...new Set(calibration.results.map(({ driver }) => driver))]
  const parts = drivers.flatMap((driver) => {
    const valid = calibration.results.filter((result) => result.driver === driver && result.validity === 'VALID')
    const all = calibration.results.filter((result) => result.driver === driver)
    if (!all.some(({ demanded }) => demanded)) return []
    const within = valid.filter((result) => result.within_tolerance).length
    return [`${driver} was within the tolerance on ${within} of ${valid.length} VALID patterns (${all.length} tried)`]
  })
  return `${parts.join('; ') || 'No open loop was calibrated'}.`
}

function figureCells({ truth_ms: truth, truth_at_most_ms: most, error }: CalibrationResult): string[] {
  if (truth === null || error === null) return FIGURES.map(() => '–')
  return FIGURES.map((figure) => `${truthCell(truth[figure], most?.[figure])} ${percent(error[figure])}`)
}

/** Both bounds where they are further apart than a meter may be off. */
export function truthCell(least: number, most = least): string {
  const isOne = most - least <= Math.max(TOLERANCE.ms, TOLERANCE.share * least)
  return isOne ? formatNumber(least) : `${formatNumber(least)}–${formatNumber(most)}`
}

function cpuCell({ cpu_us_per_request: cpu }: CalibrationResult): string {
  return cpu === null ? '–' : formatNumber(cpu)
}

function verdictOf(result: CalibrationResult): [Parameters<typeof styleText>[0], string] {
  if (result.validity !== 'VALID') return ['yellow', `${result.validity}*`]
  if (!result.demanded) return ['dim', result.within_tolerance ? 'closed loop' : 'closed loop: off']
  return result.within_tolerance ? ['green', '✓ within'] : [['bold', 'red'], '✗ off']
}

/** Signed, finer where it is small. */
export function percent(share: number): string {
  const text = (100 * share).toFixed(Math.abs(share) < 0.1 ? 1 : 0)
  return `${share >= 0 ? '+' : ''}${text} %`
}
