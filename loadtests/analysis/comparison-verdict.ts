import type { Row, RunComparison } from '../compare-file.ts'
import { formatCount, formatDetectable, joinWords } from './format.ts'

type Outcome = RunComparison['outcome']

/** What no figure of a row tells, each in words. */
export interface Faults {
  /** Invariants that broke, and held before. */
  readonly broken: readonly string[]
  /** Modes whose requests fail, and did not before. */
  readonly failing: readonly string[]
  /** Modes that were measured before and of which no trial counts now: then nothing else is concluded. */
  readonly lost: readonly string[]
}

/** An invariant that broke, and requests that fail, are a regression, whatever else got better. */
export function outcomeOf(rows: readonly Row[], { broken, failing, lost }: Faults): Outcome {
  const judged = rows.filter((row) => row.judged)
  if (broken.length + failing.length > 0) return 'regression'
  const isBetter = judged.some(({ verdict }) => verdict === 'better')
  if (judged.some(({ verdict }) => verdict === 'worse')) return isBetter ? 'mixed' : 'regression'
  const timed = judged.filter(({ kind }) => kind === 'time')
  if (lost.length > 0 || undecidedModes(timed).length > 0) return 'nothing can be concluded'
  if (isBetter) return 'improvement'
  return timed.length > 0 ? 'no difference seen' : 'nothing can be concluded'
}

/** What changed, for somebody who reads nothing else. */
export function verdictOfComparison(outcome: Outcome, rows: readonly Row[], { broken, failing, lost }: Faults): string {
  const judged = rows.filter((row) => row.judged)
  const changes = (verdict: Row['verdict']) => judged.filter((row) => row.verdict === verdict).map(changeOf)
  const sentences = [
    ...(lost.length === 0 ? [] : [`No trial of ${joinWords(lost)} counts any more.`]),
    ...broken.map((text) => `Broke: ${text}.`),
    ...failing.map((text) => `Fails: ${text}.`),
    ...sentence('Worse', changes('worse')),
    ...sentence('Better', changes('better')),
  ]
  if (outcome === 'nothing can be concluded')
    return `Nothing can be concluded: ${lost.length > 0 ? `no trial of ${joinWords(lost)} counts any more` : whyNothing(rows)}.`
  if (sentences.length === 0) sentences.push(`No difference seen in ${judged.filter(isDecided).length} figures.`)
  return [...sentences, ...powerSentence(judged)].join(' ')
}

function sentence(word: string, changes: readonly string[]): string[] {
  return changes.length === 0 ? [] : [`${word}: ${joinWords(changes)}.`]
}

function changeOf(row: Row): string {
  const where = `${row.mode} ${row.figure}`
  if (row.kind === 'counted') return `${where} ${formatCount(row.first ?? 0)} → ${formatCount(row.second ?? 0)}`
  const { estimate, low, high } = row.ratio ?? { estimate: 1, low: null, high: null }
  const bounds = low === null || high === null ? '' : ` (${percent(low)} to ${percent(high)})`
  return `${where} ${percent(estimate)}${bounds}`
}

/** A ratio as the change that it is: 0.91 is −9 %. */
export function percent(ratio: number): string {
  const change = 100 * (ratio - 1)
  return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(Math.abs(change) < 9.95 ? 1 : 0)} %`
}

/** Of the first figure, which is the rate where there is one. */
function powerSentence(judged: readonly Row[]): string[] {
  const figure = judged.find(({ kind }) => kind === 'time')?.figure
  const rows = judged.filter((row) => row.figure === figure)
  const known = rows.flatMap(({ detectable }) => detectable ?? [])
  if (figure === undefined || known.length === 0) return []
  const where = known.length === rows.length ? 'every mode' : `the modes with enough rounds`
  return [`A change of ${figure} by ${formatDetectable(Math.max(...known))} or more would have been seen in ${where}.`]
}

function isDecided({ verdict }: Row): boolean {
  return verdict !== 'too few rounds'
}

/** Those of which no figure that takes time can be told: whatever changed there would not have been seen. */
function undecidedModes(timed: readonly Row[]): string[] {
  const modes = [...new Set(timed.map(({ mode }) => mode))]
  return modes.filter((mode) => !timed.some((row) => row.mode === mode && isDecided(row)))
}

function whyNothing(rows: readonly Row[]): string {
  const timed = rows.filter(({ kind }) => kind === 'time')
  const counted = rows.filter(({ kind }) => kind === 'counted')
  const rest = counted.length > 0 ? '; the counted work is the same' : ''
  if (timed.length === 0) return `no figure stands in both runs${rest}`
  const judged = timed.filter((row) => row.judged)
  if (judged.length === 0) {
    const why = timed.some(({ reference }) => reference === 'ceiling')
      ? 'what takes time is not comparable between two machines'
      : 'there is nothing to hold what takes time against'
    return `${why}${rest}`
  }
  const undecided = undecidedModes(judged)
  const where = undecided.length < new Set(judged.map(({ mode }) => mode)).size ? ` of ${joinWords(undecided)}` : ''
  return `there are too few rounds${where}, five are needed in both runs${rest}`
}
