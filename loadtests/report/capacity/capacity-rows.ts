import { formatNumber, formatSeconds, formatShare, joinWords, plural } from '../../analysis/format.ts'
import type { CapacityResult, CapacityRun, CapacitySummary, Spread, StationName } from '../../capacity/capacity-file.ts'
import type { StationUseChart } from '../charts/station-use.ts'

export interface Rows {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What was searched, in a line. */
export function searchLine({ search, points, seed }: CapacityRun): string {
  const [point] = points
  const { loop, goals, width, final_trial_seconds: seconds } = search
  return [
    `capacity, ${loop === 'open' ? 'people per second (open loop, at random moments)' : 'connections (closed loop)'}`,
    `goals ${goals.map(({ name }) => name).join(', ')}, to ${formatShare(width)}`,
    `trials of ${formatNumber(search.initial_trial_seconds)} and ${formatNumber(seconds)} s, best of three`,
    ...(point === undefined ? [] : [profileText(point), point.codes === 1 ? 'one hot code' : `${point.codes} codes`]),
    ...(point?.drain === 'paused' ? ['nothing drains'] : []),
    `seed ${seed}`,
  ].join(' · ')
}

function profileText({ profile, db_latency_ms: db, redis_latency_ms: redis }: CapacityRun['points'][number]): string {
  const { servers, workers, concurrency, pool } = profile
  const delays = [...(db > 0 ? [`${db} ms to Postgres`] : []), ...(redis > 0 ? [`${redis} ms to Redis`] : [])]
  return [`${servers} server × pool ${pool}`, `${workers} worker × ${concurrency} jobs`, ...delays].join(' · ')
}

/** Each goal of each search. */
export function capacityRows({ results, loop }: CapacitySummary): Rows {
  const hasMany = results.some(({ search }) => search > 1)
  const unit = loop === 'open' ? '/s' : 'connections'
  return {
    columns: [
      'mode',
      'goal',
      ...(hasMany ? ['search'] : []),
      `capacity ${unit}`,
      'accepted/s',
      'there ms',
      'trials',
      'of load',
      'the limit is',
    ],
    rows: results.map((one) => [
      one.mode,
      one.goal,
      ...(hasMany ? [String(one.search)] : []),
      intervalText(one),
      formatNumber(one.throughput),
      formatNumber(one.latency_ms),
      `${one.trials}${one.invalid_trials > 0 ? ` (${one.invalid_trials} invalid)` : ''}`,
      formatSeconds(one.trial_seconds),
      limitText(one),
    ]),
  }
}

export const COLUMNS_EXPLAINED =
  'capacity: relevant lower and upper bound; accepted/s and latency (the percentile of the goal) at the lower one; the limit: what was busy in trials at the upper bound.'

function intervalText({ kind, lower, upper, irregular }: CapacityResult): string {
  const mark = kind === 'interval' && irregular !== null ? '*' : ''
  if (kind === 'zero') return '0'
  if (kind === 'interval') return `${formatNumber(lower)}–${formatNumber(upper)}${mark}`
  if (kind === 'at least') return `≥ ${formatNumber(lower)}*`
  return kind === 'below' ? `< ${formatNumber(upper)}*` : '–*'
}

function limitText({ kind, bottleneck }: CapacityResult): string {
  if (kind === 'zero') return 'an invariant'
  if (bottleneck === null) return '–'
  return bottleneck.names.length === 0 ? 'nothing was busy' : joinWords(bottleneck.names)
}

/** Why a result is not a plain interval, or is to be taken with care; one line for all searches of which the same is to be said. */
export function doubtLines({ results }: CapacitySummary): string[] {
  const hasMany = results.some(({ search }) => search > 1)
  const searches = new Map<string, { about: string; doubt: string; numbers: number[] }>()
  for (const { mode, goal, search, ...result } of results)
    for (const doubt of doubtsOf(result)) {
      const about = `${mode}, ${goal}`
      const known = searches.get(`${about}: ${doubt}`)
      searches.set(`${about}: ${doubt}`, { about, doubt, numbers: [...(known?.numbers ?? []), search] })
    }
  return [...searches.values()].map(({ about, doubt, numbers }) => {
    const which = `${numbers.length === 1 ? 'search' : 'searches'} ${joinWords(numbers.map(String))}`
    return `${about}${hasMany ? `, ${which}` : ''}: ${doubt}`
  })
}

function doubtsOf({ why, irregular, is_inverted }: Pick<CapacityResult, 'why' | 'irregular' | 'is_inverted'>) {
  const said = why ?? irregular
  return [
    ...(said === null ? [] : [said]),
    ...(is_inverted ? ['a larger load met what a smaller one missed; the smaller one is believed'] : []),
  ]
}

/** What was missed at the upper bound, and what was seen there. */
export function evidenceLines({ results }: CapacitySummary): string[] {
  return results
    .filter(({ search }) => search === 1)
    .flatMap(({ mode, goal, misses, bottleneck }) => {
      const missed = misses.length === 0 ? '' : ` missed ${misses.join('; ')};`
      return bottleneck === null ? [] : [`${mode}, ${goal}:${missed} ${bottleneck.evidence.join('; ')}`]
    })
}

const STATION_COLOURS: Readonly<Record<StationName, string>> = {
  'event loop': 'k-server',
  'Postgres CPU': 'k-postgres',
  'pool wait': 'k-pool',
  'row lock': 'k-pool',
  'Redis CPU': 'k-redis',
  limiter: 'k-scheduler',
  'worker backlog': 'k-worker',
  generator: 'k-generator',
  machine: 'm-ceiling',
}

/** Where the evidence was seen, how far each station was used; of the first search. */
export function usePictures({ results }: Pick<CapacitySummary, 'results'>): StationUseChart[] {
  return results.flatMap(({ mode, goal, search, bottleneck }) =>
    search > 1 || bottleneck === null
      ? []
      : {
          title: `${mode}, ${goal}: use of each station`,
          stations: bottleneck.use.map(({ station, share }) => ({
            name: station,
            className: STATION_COLOURS[station],
            busy: 100 * share,
            of: 100,
            unit: '%',
          })),
        },
  )
}

export function spreadRows(spreads: readonly Spread[]): Rows {
  return {
    columns: ['mode', 'goal', 'searches', 'middles', 'apart'],
    rows: spreads.map(({ mode, goal, searches, low, high, spread }) => [
      mode,
      goal,
      plural(searches, 'search', 'searches'),
      `${formatNumber(low)}–${formatNumber(high)}`,
      formatShare(spread),
    ]),
  }
}

/** Mean p99 at each load of the first search of a mode, in order of load. */
export function latencyPoints({ trials }: CapacitySummary, mode: string): { x: number; y: number }[] {
  const byLoad = new Map<number, number[]>()
  for (const { mode: own, verdict, load, p99_ms: p99 } of trials)
    if (own === mode && verdict === 'valid' && p99 !== null) byLoad.set(load, [...(byLoad.get(load) ?? []), p99])
  return [...byLoad]
    .map(([x, values]) => ({ x, y: values.reduce((sum, value) => sum + value, 0) / values.length }))
    .sort((a, b) => a.x - b.x)
}

/** The part of the curve in which something is to be seen: what is far over every goal would flatten the rest. */
export function readablePoints(
  points: readonly { x: number; y: number }[],
  mostMs: number,
): { x: number; y: number }[] {
  return points.filter(({ y }) => y <= 3 * mostMs)
}
