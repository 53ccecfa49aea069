import { formatCount, formatInterval, formatNumber, joinWords } from '../analysis/format.ts'
import { invariantVerdict } from '../analysis/merge-invariants.ts'
import type { InvariantResult, Result, Run } from '../run-file.ts'

const ABSENT = '–'

/** The comparison of modes as text, for the terminal and for markdown alike. */
export const MODE_COLUMNS = [
  'mode',
  'accepted/s\n(95 % interval)',
  '×\nceil.',
  'with\ndrain/s',
  'drained\n/s',
  'p50 / p99\nms',
  'Redis\ntrips',
  'SQL',
  'CPU ms\nacc + drain',
  'invariants',
] as const

export const MODE_COLUMNS_EXPLAINED =
  'accepted/s, × ceiling and latency with the drain paused; Redis round trips and SQL statements in the request, per redemption; CPU to accept one and to drain it.'

export function modeCells(result: Result): string[] {
  const work = result.work_per_redemption
  return [
    result.validity === 'VALID' ? result.mode : `${result.mode}*`,
    result.accepted_per_second ? formatInterval(result.accepted_per_second) : ABSENT,
    numberOr(result.ratio_to_ceiling?.median),
    numberOr(result.with_drain?.accepted_per_second.median),
    numberOr(result.drained_per_second?.median),
    result.latency_ms ? `${formatNumber(result.latency_ms.p50)} / ${formatNumber(result.latency_ms.p99)}` : ABSENT,
    work ? formatCount(work.redis_round_trips.request) : ABSENT,
    work ? formatCount(work.sql_statements.request) : ABSENT,
    work ? `${formatNumber(work.accept_cpu_ms)} + ${formatNumber(work.drain_cpu_ms)}` : ABSENT,
    invariantsCell(result.invariants),
  ]
}

/** Why results are not VALID: a line for all that have the same reasons. */
export function validityLines(results: readonly Result[]): string[] {
  const modes = new Map<string, string[]>()
  for (const { mode, validity, validity_reasons: reasons } of results) {
    const said = `${validity}: ${reasons.join('; ')}`
    if (validity !== 'VALID') modes.set(said, [...(modes.get(said) ?? []), mode])
  }
  return [...modes].map(([said, names]) => `${joinWords(names)} ${names.length === 1 ? 'is' : 'are'} ${said}`)
}

/** What broke, or examined nothing, a line each. */
export function invariantLines(results: readonly Result[]): string[] {
  return results.flatMap((result) =>
    result.invariants
      .filter((invariant) => invariantVerdict(invariant) !== 'held')
      .map((invariant) => invariantLine(result, invariant)),
  )
}

export function planLine(run: Run): string {
  const { plan } = run
  const { servers, workers, concurrency, pool } = plan.profile
  const delays = [
    ...(plan.db_latency_ms > 0 ? [`${plan.db_latency_ms} ms to Postgres`] : []),
    ...(plan.redis_latency_ms > 0 ? [`${plan.redis_latency_ms} ms to Redis`] : []),
  ]
  return [
    plan.scenario,
    `${plan.rounds} rounds of ${plan.duration} s`,
    `${plan.connections} connections`,
    `${servers} server × pool ${pool}`,
    `${workers} worker × ${concurrency} jobs`,
    ...(delays.length > 0 ? [`delays: ${delays.join(', ')}`] : []),
    `seed ${plan.seed}`,
  ].join(' · ')
}

function invariantsCell(invariants: readonly InvariantResult[]): string {
  const count = (verdict: string) => invariants.filter((invariant) => invariantVerdict(invariant) === verdict).length
  if (invariants.length === 0) return ABSENT
  if (count('broken') > 0) return `${count('broken')} BROKEN`
  if (count('not examined') > 0) return `${count('held')} of ${invariants.length}`
  return `${invariants.length} held`
}

function invariantLine(result: Result, { number, title, broken }: InvariantResult): string {
  const where = `${result.mode}, invariant ${number} (${title})`
  return broken.length > 0 ? `${where} BROKE: ${broken.join(', ')}` : `${where} examined nothing: not passed`
}

function numberOr(value: number | undefined): string {
  return value === undefined ? ABSENT : formatNumber(value)
}
