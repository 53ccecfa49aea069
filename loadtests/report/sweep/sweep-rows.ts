import { formatCount, formatInterval, formatNumber, formatShare, plural } from '../../analysis/format.ts'
import { describeArrivals } from '../../drivers/arrivals.ts'
import type { Point, PointsRun } from '../../points/points-file.ts'
import type { Interval } from '../../run-file.ts'
import { FIGURES } from '../../sweep/sweep-figures.ts'
import type { PointResult, SweepSummary } from '../../sweep/sweep-file.ts'
import { lawLines } from '../report-rows.ts'

/** Text for the terminal, for markdown and for the page alike. */
export interface SweepTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What all points have in common. */
export function sweepLine({ points, seed, rounds }: PointsRun, { knobs }: SweepSummary): string {
  const [first] = points
  if (first === undefined) return 'no points'
  const varied = new Set<string>(knobs.map(({ knob }) => knob))
  const delays = [
    ...(first.db_latency_ms > 0 ? [`${first.db_latency_ms} ms to Postgres`] : []),
    ...(first.redis_latency_ms > 0 ? [`${first.redis_latency_ms} ms to Redis`] : []),
  ]
  return [
    `mode ${first.mode}`,
    `${plural(points.length, 'point')} × ${plural(rounds, 'round')} of ${first.duration} s, drain ${first.drain}`,
    ...sizeParts(first, varied),
    ...(delays.length > 0 ? [`delays: ${delays.join(', ')}`] : []),
    `seed ${seed}`,
  ].join(' · ')
}

function sizeParts({ profile, connections, arrivals, codes }: Point, varied: ReadonlySet<string>): string[] {
  const unless = (knob: string, text: string) => (varied.has(knob) ? [] : [text])
  return [
    ...(arrivals === null
      ? unless('connections', plural(connections, 'connection'))
      : [`open loop: ${describeArrivals(arrivals)}`]),
    ...unless('servers', plural(profile.servers, 'server')),
    ...unless('pool', `pool ${profile.pool}`),
    ...unless('workers', plural(profile.workers, 'worker')),
    ...unless('concurrency', `${plural(profile.concurrency, 'job')} at a time`),
    ...unless('codes', plural(codes, 'code')),
  ]
}

/** A row per point. */
export function sweepTable({ points, figure }: SweepSummary): SweepTable {
  const hasPool = points.some(({ pool }) => pool !== null && pool.agreement !== null)
  const hasDrain = !hasPool || figure === 'drained_per_second'
  return {
    columns: [
      'point',
      'answers/s\n(interval)',
      '× best',
      'mean\nms',
      'p50 / p95 / p99\nms',
      'errors',
      'CPU ms\nper answer',
      'event\nloop',
      ...(hasPool ? ['wait\nms', 'hold\nms', 'in use\n= X × hold'] : []),
      ...(hasDrain ? ['drained\n/s'] : []),
      'invariants',
    ],
    rows: points.map((point) => rowOf(point, hasPool, hasDrain)),
  }
}

function rowOf(point: PointResult, hasPool: boolean, hasDrain: boolean): string[] {
  const { pool, ratio_to_best: ratio } = point
  const middle = (interval: Interval | null | undefined) => formatNumber(interval?.median ?? null)
  const cpu = Object.values(point.cpu_ms_per_answer).reduce((sum, ms) => sum + ms, 0)
  const lost = point.failed_trials + point.invalid_trials
  return [
    lost > 0 ? `${point.name}*` : point.name,
    point.answered_per_second ? formatInterval(point.answered_per_second) : '–',
    formatNumber(ratio?.estimate ?? null),
    middle(point.mean_ms),
    [point.p50_ms, point.p95_ms, point.p99_ms].map(middle).join(' / '),
    point.error_ratio === null ? '–' : formatShare(point.error_ratio),
    cpu > 0 ? formatNumber(cpu) : '–',
    point.event_loop === null ? '–' : formatShare(point.event_loop),
    ...(hasPool ? [middle(pool?.wait_ms), middle(pool?.hold_ms), agreementCell(point)] : []),
    ...(hasDrain ? [middle(point.drained_per_second)] : []),
    invariantsCell(point),
  ]
}

/** `4.91 = 4.88 ✓` */
function agreementCell({ pool }: PointResult): string {
  if (!pool?.throughput_x_hold) return '–'
  const mark = pool.agrees ? '✓' : '✗'
  return `${formatNumber(pool.busy.median)} = ${formatNumber(pool.throughput_x_hold.median)} ${mark}`
}

function invariantsCell({ broken_invariants: broken, ids_examined: examined }: PointResult): string {
  if (broken.length > 0) return `BROKEN: ${broken.join(', ')}`
  return examined > 0 ? 'held' : '–'
}

/** What the columns mean, as far as that is not plain. */
export function sweepExplained({ points, figure }: SweepSummary): string {
  const ofWhat = FIGURES[figure].isLessBetter ? ', of the inverse of the mean' : ''
  const common =
    `medians over rounds with 95 % bootstrap intervals; × best within rounds${ofWhat}; CPU of all processes, the load ` +
    'generator included; event loop: of the server processes'
  const pool =
    '; wait: for a connection, apart from hold: how long it was kept; in use: by the pool’s own count, held against ' +
    'answers/s (clients) × hold (servers’ stopwatches), ✓ within 5 %'
  return `${common}${points.some(({ pool: reading }) => reading?.agreement) ? pool : ''}.`
}

/** What is said about a pool or about a law, line by line. */
export function findingLines(summary: SweepSummary): string[] {
  const { pool_curve: curve, usl } = summary
  return [...(curve === null ? [] : poolLines(summary)), ...(usl === null ? [] : uslLines(usl)), ...lawLines(summary)]
}

function poolLines({ pool_curve: curve, rule_of_thumb: thumb }: SweepSummary): string[] {
  if (curve === null) return []
  const {
    slope,
    one_over_hold: perHold,
    slope_x_hold: product,
    knee,
    demand_knee: foretold,
    largest_demand: most,
  } = curve
  const rising =
    slope === null || perHold === null || product === null
      ? 'rising part: no pool was fully in use, so that none bounded the throughput'
      : `rising part: each connection brings ${formatInterval(slope)}/s; 1/hold is ${formatInterval(perHold)}/s; slope × hold = ${formatInterval(product)}`
  const bend = knee === null ? 'none seen' : `at ${formatCount(knee)} connections`
  const demands =
    foretold === null || most === null
      ? ''
      : `; ΣD/Dmax foretells ${formatNumber(foretold)} (hold over ${formatNumber(most.ms)} ms of ${most.station})`
  const rule =
    thumb === null ? [] : [`rule of thumb: 2 × cores + spindles = ${thumb} connections of all processes together`]
  return [rising, `knee (Kneedle): ${bend}${demands}`, `past it: ${curve.tail.told}`, ...rule]
}

function uslLines({ parameters, peak, knee }: NonNullable<SweepSummary['usl']>): string[] {
  const { alpha, beta, gamma } = parameters
  const short = (value: number) => String(Number(value.toPrecision(3)))
  const top = peak === null ? 'no peak' : `peak ${formatNumber(peak.x)}/s at ${formatNumber(peak.n)} connections`
  const bend = knee === null ? 'no knee seen' : `knee (Kneedle) at ${formatCount(knee)}`
  return [
    `Universal Scalability Law: α ${short(alpha)} (waits for others), β ${short(beta)} (agreeing), γ ${formatNumber(gamma)}/s of one; ${top}; ${bend}`,
  ]
}
