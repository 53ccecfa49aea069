import type { Result, Run, TargetResult } from '../run-file.ts'
import type { Target, Targets } from '../targets/targets-schema.ts'
import { formatBounds, formatCount, formatSeconds, formatShare, joinWords, plural } from './format.ts'
import { type Measured, matchesScenario, measuredSeconds, measureTarget } from './measure-target.ts'
import { brokenInvariants } from './merge-invariants.ts'
import { lostRatio } from './rounds.ts'

/** Holds a run against its targets, in the order of the file. What was measured is shown even when it decides nothing. */
export function evaluateTargets(targets: Targets, run: Run, results: readonly Result[]): TargetResult[] {
  return targets.targets.map((target) => evaluate(withUser(target, targets), run, results))
}

/** A claim about users says nothing without its think time and its latency. */
function withUser(target: Target, { user }: Targets): Target {
  if (target.measure !== 'users' || !user) return target
  return { ...target, unit: `users, each every ${user.think_time_s} s with p95 < ${formatCount(user.p95_ms)} ms` }
}

function evaluate(target: Target, run: Run, results: readonly Result[]): TargetResult {
  const wanted = wantedText(target)
  const measured = measureTarget(target, run, results)
  const known = measured.filter((entry) => entry.value !== null)
  const got = known.length === 0 ? 'not measured' : known.map((entry) => gotText(entry, target)).join(', ')
  const told = (verdict: TargetResult['verdict'], why: string | null) => ({
    name: target.name,
    wanted,
    got,
    verdict,
    why,
  })
  if (!matchesScenario(target, run.plan))
    return told(
      'not applicable',
      `it is about ${joinWords(target.scenarios ?? [])}, this run tried ${run.plan.scenario}`,
    )
  const hindrance = unmetNeed(target, run) ?? (known.length === 0 ? unknownReason(measured) : null)
  if (hindrance !== null) return told('not measurable here', hindrance)
  const broken = brokenModes(target, results)
  if (broken.length > 0) {
    const whose = broken.length === 1 ? 'its' : 'their'
    return told('missed', `${joinWords(broken)} broke an invariant, so ${whose} figures do not count`)
  }
  const failing = failingModes(target, run)
  if (failing.length > 0) return told('missed', failing.join(', '))
  if (!known.every((entry) => isMet(target, entry.value ?? Number.NaN))) {
    return told('missed', doubts(target, measured, results))
  }
  if (known.length < measured.length) return told('not measurable here', unknownReason(measured))
  return told('met', doubts(target, measured, results))
}

/** Modes of either side of the target whose figures do not count. */
function brokenModes(target: Target, results: readonly Result[]): string[] {
  const sides = [...(target.modes ?? []), ...(target.over ? [target.over] : [])]
  return results
    .filter((result) => sides.includes(result.mode) && brokenInvariants(result).length > 0)
    .map((result) => result.mode)
}

/** Percentiles are of those who were answered: where a greater share failed than lies above one, it is that of nobody. */
const ABOVE_PERCENTILE: Partial<Record<Target['measure'], number>> = { latency_p95_ms: 0.05, latency_p99_ms: 0.01 }

/** Of the paused loads, as the latencies are. */
function failingModes(target: Target, { trials }: Run): string[] {
  const most = ABOVE_PERCENTILE[target.measure]
  if (most === undefined) return []
  return (target.modes ?? []).flatMap((mode) => {
    const own = trials.filter((trial) => trial.mode === mode && matchesScenario(target, trial))
    const share = lostRatio(own, 'paused') ?? 0
    if (share <= most) return []
    return `${formatShare(share)} of the requests of ${mode} failed, which is as good as no answer at this percentile`
  })
}

/** Which of the modes have no value, and why; every one of them would have to meet the target. */
function unknownReason(measured: readonly Measured[]): string {
  const unknown = measured.filter((entry) => entry.value === null)
  const reasons = [...new Set(unknown.flatMap(({ why }) => why ?? []))].join('; ')
  const modes = unknown.flatMap(({ mode }) => mode ?? [])
  return measured.length > 1 ? `nothing is known of ${joinWords(modes)}: ${reasons}` : reasons
}

function isMet(target: Target, value: number): boolean {
  if (target.at_least !== undefined) return value >= target.at_least
  if (target.at_most !== undefined) return value <= target.at_most
  return Math.abs(value - (target.equals ?? Number.NaN)) <= target.tolerance
}

/** Why this run cannot decide the target, or null. */
function unmetNeed(target: Target, run: Run): string | null {
  const { servers, measured_seconds: seconds, command } = target.needs ?? {}
  if (target.measure === 'users' && command) return `a claim about users needs ${command}`
  if (command) return `needs ${command}`
  if (servers !== undefined && run.plan.profile.servers < servers) {
    return `needs ${servers} server processes: this run had ${plural(run.plan.profile.servers, 'server process', 'server processes')}`
  }
  if (seconds !== undefined && measuredSeconds(run) < seconds) {
    return `needs ${formatSeconds(seconds)} of load: this run measured ${formatSeconds(measuredSeconds(run))}`
  }
  return null
}

function wantedText(target: Target): string {
  const [sign, bound] =
    target.at_least !== undefined
      ? ['≥', target.at_least]
      : target.at_most !== undefined
        ? ['≤', target.at_most]
        : ['=', target.equals ?? Number.NaN]
  const unit = target.unit === '' ? '' : ` ${target.unit}`
  const claim = target.claim === undefined ? '' : `; ${target.claim}`
  return `${sign} ${valueText(target, bound)}${unit}${claim}`
}

function gotText({ mode, value, interval }: Measured, target: Target): string {
  const name = mode !== null && (target.modes?.length ?? 0) > 1 ? `${mode} ` : ''
  const bounds = interval && interval.high > interval.low ? ` (${formatBounds(interval)})` : ''
  return `${name}${valueText(target, value ?? Number.NaN)}${bounds}`
}

function valueText(target: Target, value: number): string {
  return target.measure === 'availability' ? formatShare(value) : formatCount(value)
}

/** What weakens a verdict without overturning it. */
function doubts(target: Target, measured: readonly Measured[], results: readonly Result[]): string | null {
  const bound = target.at_least ?? target.at_most
  const reasons = measured.flatMap(({ mode, interval, why }) => {
    const straddles = interval && bound !== undefined && interval.low < bound && interval.high > bound
    const result = results.find((candidate) => candidate.mode === mode)
    return [
      ...(why === null ? [] : [why]),
      ...(straddles ? ['the bound lies inside the interval'] : []),
      ...(result?.validity === 'INCONCLUSIVE' ? [`${mode} is inconclusive`] : []),
    ]
  })
  return reasons.length === 0 ? null : [...new Set(reasons)].join('; ')
}
