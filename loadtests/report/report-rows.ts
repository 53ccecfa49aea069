import { rangeCoverage, WHOLE_RANGE_ROUNDS } from '../analysis/bootstrap.ts'
import { formatCount, formatInterval, formatNumber, joinWords, plural } from '../analysis/format.ts'
import { invariantVerdict } from '../analysis/merge-invariants.ts'
import { headlineOf } from '../analysis/verdict-sentence.ts'
import { describeArrivals } from '../drivers/arrivals.ts'
import type { Gate, GateName, Interval, InvariantResult, Result, Run, Summary } from '../run-file.ts'
import { roundsDone } from './pair-rows.ts'

const ABSENT = '–'
/** What is broken violates a law in each trial alike. */
const MOST_VIOLATIONS = 5

/** Stands where the cost would stand. */
export const NO_COST = 'A cost per redemption says nothing where most answers are no redemptions.'

/** What people call the steps of a load (drivers/recipes). */
export const STEP_NAMES: Readonly<Record<string, string>> = {
  redeem: 'redeem',
  status: 'status poll',
  enter: 'enter the room',
  place: 'place in the room',
}

/** The comparison of modes as text, for the terminal and for markdown alike. */
export interface ModeTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** What the columns mean. */
  readonly explained: string
}

/** By redemptions; where most answers are none, by answers. */
export function modeTable({ plan }: Pick<Run, 'plan'>, results: readonly Result[]): ModeTable {
  const headline = headlineOf(results)
  return {
    columns: [
      'mode',
      `${headline}/s\n(interval)`,
      '×\nceil.',
      'with\ndrain/s',
      'drained\n/s',
      'p50 / p99\nms',
      'Redis\ntrips',
      'SQL',
      headline === 'accepted' ? 'CPU ms\nacc + drain' : 'CPU ms\nper answer',
      'invariants',
    ],
    rows: results.map((result) => (headline === 'accepted' ? acceptedCells(result) : answeredCells(result))),
    explained:
      `${headline}/s, × ceiling and latency with the drain paused; Redis round trips and SQL statements in the request, ` +
      (headline === 'accepted'
        ? 'per redemption; CPU to accept one and to drain it; '
        : 'and the CPU of accepting, per answer, as most answers are no redemptions; ') +
      (plan.paced ? 'the scenario sets the pace, so that rates hardly tell the modes apart, but latencies do; ' : '') +
      `${intervalExplained(results)}.`,
  }
}

/** What stands behind the bounds; few rounds cover less than the method's name says. */
export function intervalExplained(results: readonly Result[]): string {
  const rounds = results
    .map((result) => result.trials - result.failed_trials - result.invalid_trials)
    .filter((count) => count > 0)
  const fewest = Math.min(...rounds)
  const method = 'interval: 95 % bootstrap over rounds'
  if (rounds.length === 0) return method
  if (fewest === 1) return `${method}; one round has none`
  if (fewest > WHOLE_RANGE_ROUNDS) return `${method}, of which few rounds cover somewhat less`
  return `${method}; with ${fewest} rounds it is their whole range and covers ${coverage(fewest)}`
}

function coverage(rounds: number): string {
  return `${Math.round(100 * rangeCoverage(rounds))} %`
}

function acceptedCells(result: Result): string[] {
  const work = result.work_per_redemption
  return [
    ...rateCells(result, result.accepted_per_second, result.ratio_to_ceiling?.median),
    numberOr(result.with_drain?.accepted_per_second.median),
    numberOr(result.drained_per_second?.median),
    latencyCell(result),
    work ? formatCount(work.redis_round_trips.request) : ABSENT,
    work ? formatCount(work.sql_statements.request) : ABSENT,
    work ? `${formatNumber(work.accept_cpu_ms)} + ${formatNumber(work.drain_cpu_ms)}` : ABSENT,
    invariantsCell(result.invariants),
  ]
}

function answeredCells(result: Result): string[] {
  const work = result.work_per_redemption
  const share = result.accepted_share ?? 0
  return [
    ...rateCells(result, result.answered_per_second, result.answered_ratio_to_ceiling?.median),
    ABSENT,
    ABSENT,
    latencyCell(result),
    work ? formatNumber(work.redis_round_trips.request * share) : ABSENT,
    work ? formatNumber(work.sql_statements.request * share) : ABSENT,
    work && work.accept_cpu_ms !== null ? formatNumber(work.accept_cpu_ms * share) : ABSENT,
    invariantsCell(result.invariants),
  ]
}

function rateCells(result: Result, rate: Interval | null, ratio: number | undefined): string[] {
  return [
    result.validity === 'VALID' ? result.mode : `${result.mode}*`,
    rate ? formatInterval(rate) : ABSENT,
    numberOr(ratio),
  ]
}

function latencyCell({ latency_ms: latency }: Result): string {
  return latency ? `${formatNumber(latency.p50)} / ${formatNumber(latency.p99)}` : ABSENT
}

/** Where a load has several kinds of requests: how many were redeemed, p50 and p99 of each, a line per mode. */
export function stepLines(results: readonly Result[]): string[] {
  return results
    .filter(({ steps }) => steps.length > 0)
    .map(({ mode, steps, accepted_per_second: accepted }) => {
      const parts = steps.map(
        ({ step, latency_ms: { p50, p99 } }) =>
          `${STEP_NAMES[step] ?? step} ${formatNumber(p50)} / ${formatNumber(p99)}`,
      )
      return `${mode}: ${numberOr(accepted?.median)} accepted/s; ${parts.join(', ')} (p50 / p99 ms)`
    })
}

/** The gates in words, in the order in which they are shown. */
export const GATE_NAMES: Readonly<Record<GateName, string>> = {
  generator_cpu: 'generator, cores (at most 0.8; k6: of all together)',
  offered: 'sent of what was scheduled (at least 0.99)',
  dropped: 'people who never came (0)',
  schedule_lag: 'lateness p99, ms (at most 5 % of the target)',
  no_op_ceiling: 'rate on a bare route, × (at least 3)',
  steal: 'CPU time stolen, share (at most 0.1)',
  cpu_pressure: 'waiting for a CPU, share (open loop: at most 0.75)',
  steady_state: 'drift after the warm-up, share (at most 0.1)',
  samples: 'answers (a p99 needs 299)',
  errors: 'errors, share (at most 0.01)',
  clock_step: 'clock step, ms (at most 100)',
  telemetry: 'seconds without telemetry, share (at most 0.2)',
}

/** What a gate measured; endless is a warm-up that did not end. */
export function gateValue({ verdict, value }: Gate): string {
  if (value !== null) return formatNumber(value)
  return verdict === 'not known' ? ABSENT : '∞'
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

/** Whether the instruments agree with laws that are always true; a line for each that does not. */
export function lawLines({ laws }: Pick<Summary, 'laws'>): string[] {
  const { checks, violations } = laws
  if (checks === 0) return ['laws: none could be checked']
  if (violations.length === 0) return [`laws: ${plural(checks, 'check')}, none violated`]
  const head = `laws: ${plural(checks, 'check')}, ${violations.length} VIOLATED: an instrument is broken`
  return [head, ...violations.slice(0, MOST_VIOLATIONS)]
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
    `${roundsDone(run)} rounds of ${plan.people === null ? `${plan.duration} s` : plural(plan.people, 'person', 'people')}`,
    plan.arrivals === null
      ? `${plan.connections} connections`
      : `open loop (${plan.engine}): ${describeArrivals(plan.arrivals)}`,
    ...(pool > 0 ? [`${servers} server × pool ${pool}`, `${workers} worker × ${concurrency} jobs`] : []),
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
