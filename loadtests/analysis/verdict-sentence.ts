import { describeArrivals } from '../drivers/arrivals.ts'
import type { Interval, InvariantResult, Result, Run, Trial } from '../run-file.ts'
import { comparePaired } from './compare-figures.ts'
import { formatInterval, formatNumber, formatShare, joinWords, plural } from './format.ts'
import { MAXIMUM_ERROR_RATIO } from './judge-validity.ts'
import { brokenInvariants, invariantVerdict } from './merge-invariants.ts'
import { pairsWithinRounds } from './pairs-within-rounds.ts'
import { acceptedByRound, answeredByRound, type ByRound, p99ByRound } from './rounds.ts'

export type Headline = 'accepted' | 'answered'

/**
 * What the run found, for somebody who reads nothing else. A mode that broke an invariant carries nothing, so it
 * cannot win; a broken or unexamined invariant is always named.
 */
export function verdictSentence(run: Run, results: readonly Result[]): string {
  const modes = results.filter((result) => result.mode !== 'ceiling')
  return [
    ...brokenSentences(modes),
    ...winnerSentences(run, modes),
    ...invariantSentences(modes),
    ...validitySentences(results),
  ].join(' ')
}

function validitySentences(results: readonly Result[]): string[] {
  const invalid = results.filter((result) => result.validity === 'INVALID')
  const sentences = invalid.map(
    (result) => `Nothing can be said of ${nameOf(result)}: ${result.validity_reasons.slice(0, 2).join('; ')}.`,
  )
  const doubtful = results.filter((result) => result.validity === 'INCONCLUSIVE')
  if (doubtful.length > 0) {
    const reasons = [...new Set(doubtful.flatMap((result) => result.validity_reasons))]
    sentences.push(`Inconclusive (${joinWords(doubtful.map(nameOf))}): ${reasons.slice(0, 3).join('; ')}.`)
  }
  return sentences
}

/**
 * Where most answers are no redemptions by design (sold out, status polls), the rate of answers compares the modes. Of a
 * team's own target only those count that passed their checks.
 */
export function headlineOf(results: readonly Result[]): Headline {
  if (results.some(({ mode }) => mode === 'target')) return 'accepted'
  const total = (field: 'accepted_per_second' | 'answered_per_second') =>
    results.reduce((sum, result) => sum + (result.mode === 'ceiling' ? 0 : (result[field]?.median ?? 0)), 0)
  return total('accepted_per_second') < total('answered_per_second') / 2 ? 'answered' : 'accepted'
}

/** The rate that compares the modes under that headline. */
export function rateOf(result: Result, headline: Headline): Interval | null {
  return headline === 'answered' ? result.answered_per_second : result.accepted_per_second
}

function brokenSentences(modes: readonly Result[]): string[] {
  return modes
    .filter((result) => brokenInvariants(result).length > 0)
    .map((result) => {
      const broken = brokenInvariants(result).map(
        ({ number, title, broken }) => `invariant ${number} (${title}; id ${broken[0]})`,
      )
      return `${nameOf(result)} BROKE ${joinWords(broken)}, so its rate does not count.`
    })
}

function winnerSentences(run: Run, modes: readonly Result[]): string[] {
  if (run.plan.paced) return latencySentences(run, modes)
  const headline = headlineOf(modes)
  const rate = (result: Result) => rateOf(result, headline)?.median ?? 0
  const ranked = modes
    .filter((result) => rate(result) > 0 && brokenInvariants(result).length === 0)
    .sort((a, b) => rate(b) - rate(a))
  const [best, second] = ranked
  const interval = best && rateOf(best, headline)
  if (!best || !interval) return [nobodyWins(modes)]
  if (best.mode === 'target')
    return [`The target gave ${formatInterval(interval)} answers per second that passed their checks.`]
  const parts = [
    `${nameOf(best)} ${headline} most: ${formatInterval(interval)} ${headline === 'accepted' ? 'redemptions' : 'requests'} per second with the drain paused`,
  ]
  if (best.ratio_to_ceiling && headline === 'accepted') {
    parts.push(`${formatNumber(best.ratio_to_ceiling.median)} × the bare Express ceiling`)
  }
  if (second) parts.push(comparison(run, best, second, headline))
  return [`${parts.join(', ')}.`]
}

function nobodyWins(modes: readonly Result[]): string {
  if (modes.length === 0) return 'No mode was tried.'
  return modes[0]?.mode === 'target' ? 'No answer of the target counts.' : 'No mode can be said to win.'
}

/** Who waited in vain is in no latency: a mode that fails more than is let pass cannot be the fastest. */
export function answersAll({ mode, error_ratio: errors }: Pick<Result, 'mode' | 'error_ratio'>): boolean {
  return mode === 'target' || (errors ?? 0) <= MAXIMUM_ERROR_RATIO
}

/** Where the scenario sets the pace, modes differ by how long people wait. */
function latencySentences(run: Run, modes: readonly Result[]): string[] {
  const failing = modes
    .filter((result) => !answersAll(result))
    .map(
      (result) =>
        `${nameOf(result)} failed ${formatShare(result.error_ratio ?? 0)} of its requests, so its latencies do not count.`,
    )
  return [...winnerByLatency(run, modes), ...failing]
}

function winnerByLatency(run: Run, modes: readonly Result[]): string[] {
  const ranked = modes
    .filter((result) => brokenInvariants(result).length === 0 && answersAll(result))
    .flatMap((result) => (result.latency_ms ? [{ result, ...result.latency_ms }] : []))
    .sort((a, b) => a.p99 - b.p99)
  const [best, second] = ranked
  if (!best) return [nobodyWins(modes)]
  if (best.result.mode === 'target' && run.plan.arrivals)
    return [
      `At ${describeArrivals(run.plan.arrivals)} the target had a p50 of ${formatNumber(best.p50)} ms and a p99 of ${formatNumber(best.p99)} ms.`,
    ]
  const rest = second ? `, ${latencyComparison(run, best.result, second.result)}` : ''
  return [
    `${run.plan.arrivals === null ? "At the scenario's own pace" : `At ${describeArrivals(run.plan.arrivals)}`} ${nameOf(best.result)} had the shortest p99: ${formatNumber(best.p99)} ms${rest}.`,
  ]
}

function latencyComparison(run: Run, best: Result, second: Result): string {
  const rounds = (result: Result) => p99ByRound(trialsOfMode(run, result), 'paused')
  return tellApart(rounds(second), rounds(best), nameOf(second), 'as long')
}

function comparison(run: Run, best: Result, second: Result, headline: Headline): string {
  const byRound = headline === 'accepted' ? acceptedByRound : answeredByRound
  const rounds = (result: Result) => byRound(trialsOfMode(run, result), 'paused')
  return tellApart(rounds(best), rounds(second), nameOf(second), 'its rate')
}

/** @param unit what the ratio is a multiple of, where the two cannot be told apart */
function tellApart(greater: ByRound, less: ByRound, name: string, unit: string): string {
  const { verdict, ratio } = comparePaired(pairsWithinRounds(greater, less))
  if (ratio === null) return `before ${name}`
  const times = formatNumber(ratio.estimate)
  if (ratio.low === null || ratio.high === null) return `before ${name} (${times} × ${unit}, in too few rounds to tell)`
  if (verdict === 'lower') return `though in the rounds that have both ${name} was better (${times} × ${unit})`
  if (verdict !== 'higher')
    return `which this run cannot tell from ${name} (${formatNumber(ratio.low)}–${formatNumber(ratio.high)} × ${unit})`
  return unit === 'as long' ? `the next one, ${name}, ${times} × as long` : `${times} × the next one, ${name}`
}

function trialsOfMode(run: Run, result: Result): Trial[] {
  return run.trials.filter((trial) => trial.mode === result.mode && trial.scenario === result.scenario)
}

function invariantSentences(modes: readonly Result[]): string[] {
  const checks = modes.flatMap((result) => result.invariants)
  if (checks.length === 0)
    return modes.length > 0 && !modes.some(({ mode }) => mode === 'target')
      ? ['No invariant was checked: nothing is known about correctness.']
      : []
  const unexamined = checks.filter((check) => invariantVerdict(check) === 'not examined')
  const isAnyBroken = checks.some((check) => invariantVerdict(check) === 'broken')
  if (unexamined.length > 0) return [unexaminedSentence(modes, unexamined, isAnyBroken)]
  if (isAnyBroken) return []
  const examined = checks.reduce((total, check) => total + check.examined, 0)
  return [`Every invariant held in every mode (${plural(checks.length, 'check')}, ${plural(examined, 'id')} examined).`]
}

function unexaminedSentence(
  modes: readonly Result[],
  unexamined: readonly InvariantResult[],
  isAnyBroken: boolean,
): string {
  const numbers = [...new Set(unexamined.map((check) => check.number))].sort((a, b) => a - b)
  const [noun, verb] = numbers.length === 1 ? ['Invariant', 'it is'] : ['Invariants', 'they are']
  const where = joinWords(modesWithGaps(modes))
  const rest = isAnyBroken ? '' : ' All others held.'
  return `${noun} ${joinWords(numbers.map(String))} examined nothing in ${where}, so ${verb} not passed.${rest}`
}

function modesWithGaps(modes: readonly Result[]): string[] {
  return modes
    .filter((result) => result.invariants.some((check) => invariantVerdict(check) === 'not examined'))
    .map(nameOf)
}

function nameOf(result: Result): string {
  return result.mode
}
