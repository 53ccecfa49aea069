import { percent } from '../analysis/comparison-verdict.ts'
import { formatCount } from '../analysis/format.ts'
import type { Row, RunComparison } from '../compare-file.ts'
import { escapeMarkup } from './html.ts'

/** A JUnit test suite: every figure is a case; what got worse fails, what could not be judged is skipped. */
export function renderComparisonJunit(comparison: RunComparison): string {
  const { rows, broken, failing, lost } = comparison
  const cases = [
    ...rows.map(rowCase),
    ...broken.map((text) => faultCase('invariant', text, 'it held before')),
    ...failing.map((text) => faultCase('requests', text, 'they were answered before')),
    ...lost.map((mode) => faultCase('trials', `${mode}: trials that count`, 'there is none any more')),
  ]
  const count = (tag: string) => cases.filter((text) => text.includes(`<${tag}`)).length
  const counts = `tests="${cases.length}" failures="${count('failure')}" skipped="${count('skipped')}"`
  const name = escapeMarkup(`${comparison.first.run_id} → ${comparison.second.run_id}`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="redline compare" ${counts}>`,
    `<testsuite name="${name}" ${counts}>`,
    ...cases,
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function rowCase(row: Row): string {
  const words = `${row.verdict}: ${changeText(row)}`
  const isOpen = !row.judged || row.verdict === 'too few rounds'
  const outcome = isOpen ? element('skipped', words) : row.verdict === 'worse' ? element('failure', words) : ''
  return `<testcase classname="${escapeMarkup(`${row.scenario}.${row.mode}`)}" name="${escapeMarkup(row.figure)}">${outcome}</testcase>`
}

function faultCase(kind: string, text: string, before: string): string {
  return `<testcase classname="${kind}" name="${escapeMarkup(text)}">${element('failure', before)}</testcase>`
}

function changeText({ kind, first, second, ratio, unit }: Row): string {
  if (kind === 'counted') return `${formatCount(first ?? 0)} → ${formatCount(second ?? 0)} ${unit}`
  if (ratio === null) return 'nothing to compare'
  const bounds = ratio.low === null || ratio.high === null ? '' : ` (${percent(ratio.low)} to ${percent(ratio.high)})`
  return `${percent(ratio.estimate)}${bounds}`
}

function element(tag: 'failure' | 'skipped', message: string): string {
  return `<${tag} message="${escapeMarkup(message)}"/>`
}
