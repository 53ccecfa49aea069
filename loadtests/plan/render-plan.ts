import { formatBytes, formatCount, formatNumber, formatShare, formatSigned } from '../analysis/format.ts'
import type { StationUseChart } from '../report/charts/station-use.ts'
import { drawTextBars } from '../report/charts/text-bars.ts'
import { drawTextChart } from '../report/charts/text-chart.ts'
import { createPlainTable, renderPlainTable } from '../report/plain-table.ts'
import { lawLines } from '../report/report-rows.ts'
import type { Profile } from '../run-file.ts'
import type { PlanFile, Verification } from './plan-file.ts'
import { describeBasis } from './verify-plan.ts'

type Candidate = PlanFile['smaller'][number]

/** The plan for a terminal. @param record what is known of the model's errors, in words */
export function renderPlan(plan: PlanFile, record: string): string {
  return [
    [headline(plan), ...plan.warnings.map((warning) => `! ${warning}`)].join('\n'),
    candidatesTable(plan),
    plan.recommended === null
      ? ''
      : [drawTextBars(stationsOf(plan.recommended)), p99Chart(plan), growthLines(plan)].join('\n\n'),
    fleetLines(plan),
    verificationLines(plan.verification),
    `The model so far: ${record}.`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

export function describeProfile({ servers, workers, concurrency, pool }: Profile): string {
  return `${servers} server${servers === 1 ? '' : 's'}, ${workers} × ${concurrency} worker${workers === 1 ? '' : 's'}, pool ${pool}`
}

/** Who asked for more than one machine is answered by a fleet, as long as it is room that one machine lacks. */
export function isAnsweredByFleet({ recommended, fleet, request, smaller: [nearest] }: PlanFile): boolean {
  const { instances, regions, redis_nodes: nodes } = request.what_if
  const isAsked = instances > 1 || regions > 1 || nodes > 1
  return recommended === null && fleet !== null && isAsked && !nearest?.blocked.some((why) => why.startsWith('p99'))
}

export function headline(plan: PlanFile): string {
  const { request, recommended, smaller, fleet } = plan
  const wanted = `${formatNumber(request.users)} users who think ${formatCount(request.think_s)} s, p99 < ${formatNumber(request.p99_ms)} ms, mode ${request.mode}`
  if (fleet !== null && isAnsweredByFleet(plan)) {
    const parts = fleet.parts.map(({ part, count }) => `${formatCount(count)} × ${part}`)
    return `${wanted}: more than these machines as one. ${parts.join(', ')}.`
  }
  if (recommended === null) {
    const [nearest] = smaller
    const why =
      nearest === undefined
        ? 'nothing was tried'
        : `nearest: ${describeProfile(nearest.profile)}; ${nearest.blocked.join('; ')}`
    return `${wanted}: no profile of this machine does. ${why}.`
  }
  return `${wanted}: ${describeProfile(recommended.profile)}, foretold p99 ${milliseconds(recommended.p99)}.`
}

function candidatesTable({ recommended, smaller, larger }: PlanFile): string {
  const table = createPlainTable({
    head: ['', 'profile', 'per second', 'mean ms', 'p99 ms (90 %)', 'fullest', 'memory', 'why not'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'left', 'right', 'left'],
  })
  const rows = [...smaller, ...(recommended === null ? [] : [recommended]), ...larger]
  for (const candidate of rows)
    table.push([
      candidate === recommended ? '→' : '',
      describeProfile(candidate.profile),
      formatNumber(candidate.throughput.value),
      formatNumber(candidate.mean.value === null ? null : 1_000 * candidate.mean.value),
      milliseconds(candidate.p99),
      `${candidate.bottleneck.station} ${formatShare(candidate.bottleneck.share)}`,
      formatBytes(candidate.memory_bytes),
      candidate.blocked[0] ?? '',
    ])
  return renderPlainTable(table)
}

/** `60 %` of a thread, of cores, of connections: the fullest first. */
export function stationsOf({ use }: Candidate): StationUseChart {
  const shown = use.filter(({ share }) => share >= 0.005).sort((a, b) => b.share - a.share)
  return {
    title: 'Use of each station at that load',
    stations: shown.map(({ station, share, units }) => ({
      name: station,
      className: CLASSES[station] ?? 'k-server',
      busy: share * units,
      of: units,
      unit: UNITS[station] ?? 'threads',
    })),
  }
}

const UNITS: Readonly<Record<string, string>> = {
  cores: 'cores',
  pool: 'connections',
  semaphore: 'places',
  jobs: 'places',
  'row lock': 'locks',
}
const CLASSES: Readonly<Record<string, string>> = {
  worker: 'k-worker',
  redis: 'k-redis',
  scheduler: 'k-scheduler',
  generator: 'k-generator',
}

/** Bounds far above everything else would press the rest of a picture flat. */
export function mostShown({ curve, request }: PlanFile): number {
  return 2 * Math.max(request.p99_ms / 1_000, ...curve.map(({ p99 }) => p99.value ?? 0))
}

function p99Chart(plan: PlanFile): string {
  const { curve, request, verification } = plan
  const most = mostShown(plan)
  const points = curve.flatMap(({ users, p99: { value, low, high } }) =>
    value === null || low === null || high === null
      ? []
      : [{ x: users, y: 1_000 * value, low: 1_000 * low, high: 1_000 * Math.min(high, most) }],
  )
  const measured = verification?.figures?.p99.measured
  return drawTextChart({
    measured: [],
    heldOut: measured === undefined ? [] : [{ x: request.users, y: 1_000 * measured }],
    model: points,
    marks: [{ x: request.users, label: 'asked for' }],
    xLabel: 'users',
    yLabel: 'p99 in ms',
  })
}

/** What becomes of the recommended profile as more come, in words. */
export function growthRows(plan: PlanFile): { load: string; becomes: string }[] {
  const { growth, request, headroom, headroom_breaks: breaks } = plan
  const told = (factor: number, what: string) =>
    isTrusted(plan, factor * request.users) ? what : `${what} (EXTRAPOLATED)`
  const steps = growth.map(({ more, breaks: first }) => ({
    load: `+${Math.round(100 * more)} %`,
    becomes: told(1 + more, first ?? 'still meets the target'),
  }))
  if (headroom === null || headroom === 0) return steps
  const first = breaks ?? 'nothing breaks up to there'
  return [...steps, { load: `more than ${formatNumber(headroom)} ×`, becomes: told(headroom, first) }]
}

function isTrusted({ trusted_users: trusted }: PlanFile, users: number): boolean {
  return trusted === null || users <= trusted
}

function growthLines(plan: PlanFile): string {
  const rows = growthRows(plan)
  const width = Math.max(...rows.map(({ load }) => load.length))
  return [
    'When more come, what breaks first:',
    ...rows.map((row) => `  ${row.load.padEnd(width)}  ${row.becomes}`),
  ].join('\n')
}

function fleetLines({ fleet }: PlanFile): string {
  if (fleet === null) return ''
  const width = Math.max(...fleet.parts.map(({ part }) => part.length))
  return [
    `Past one machine, for ${formatNumber(fleet.rate)} redemptions per second:`,
    ...fleet.parts.map(({ part, count, how }) => `  ${part.padEnd(width)}  ${formatCount(count).padStart(6)}  ${how}`),
    ...(fleet.walls.length === 0 ? [] : ['What more machines do not help:', ...fleet.walls.map((wall) => `  ${wall}`)]),
    'This rests on:',
    ...fleet.assumptions.map((each) => `  ${each}`),
  ].join('\n')
}

function verificationLines(verification: Verification | null): string {
  if (verification === null) return ''
  const { figures, trials, broken, meets_target, laws } = verification
  if (figures === null) return 'Verified: no trial counts, so nothing is shown.'
  const table = createPlainTable({
    head: ['verified', 'foretold (90 %)', 'measured', 'error', 'interval held'],
    colAligns: ['left', 'right', 'right', 'right', 'left'],
  })
  const row = (name: string, figure: keyof typeof figures, factor: number) => {
    const { foretold, low, high, measured, error, is_held } = figures[figure]
    const [value, from, to] = [foretold, low, high].map((each) => formatNumber(factor * each))
    table.push([
      name,
      `${value} (${from}–${to})`,
      formatNumber(factor * measured),
      formatSigned(error),
      is_held ? 'yes' : 'no',
    ])
  }
  row('per second', 'throughput', 1)
  row('mean ms', 'mean', 1_000)
  row('p99 ms', 'p99', 1_000)
  const verdict =
    broken.length > 0
      ? `invariant ${broken.join(', ')} broke`
      : meets_target
        ? 'the target is met'
        : 'the target is missed'
  return [
    renderPlainTable(table),
    `${trials} trials: ${verdict}. ${describeBasis(verification)}`,
    ...lawLines({ laws }),
  ].join('\n')
}

function milliseconds({ value, low, high }: Candidate['p99']): string {
  if (value === null || low === null || high === null) return 'never'
  return `${formatNumber(1_000 * value)} (${formatNumber(1_000 * low)}–${formatNumber(1_000 * high)})`
}
