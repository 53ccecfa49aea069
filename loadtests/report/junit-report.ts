import { formatCount, plural } from '../analysis/format.ts'
import { invariantVerdict } from '../analysis/merge-invariants.ts'
import type { InvariantResult, Laws, Result, Summary, TargetResult } from '../run-file.ts'
import { escapeMarkup } from './html.ts'

/** A JUnit test suite: every target, every invariant of every mode and every result's validity is a case. */
export function renderJunit(summary: Summary): string {
  const cases = [
    ...summary.results.map(validityCase),
    ...summary.results.flatMap((result) => result.invariants.map((invariant) => invariantCase(result, invariant))),
    ...summary.targets.map(targetCase),
    lawsCase(summary.laws),
  ]
  const failures = cases.filter((text) => text.includes('<failure')).length
  const skipped = cases.filter((text) => text.includes('<skipped')).length
  const counts = `tests="${cases.length}" failures="${failures}" skipped="${skipped}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="redline" ${counts}>`,
    `<testsuite name="${escapeMarkup(summary.run_id)}" ${counts}>`,
    ...cases,
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function lawsCase({ checks, violations }: Laws): string {
  const broken = violations.length > 0 ? element('failure', violations.join('; ')) : ''
  const outcome = checks === 0 ? element('skipped', 'none could be checked') : broken
  return testCase('laws', `operational laws (${plural(checks, 'check')})`, outcome)
}

function validityCase(result: Result): string {
  const reasons = result.validity_reasons.join('; ')
  const outcome =
    result.validity === 'VALID' ? '' : element(result.validity === 'INVALID' ? 'failure' : 'skipped', reasons)
  return testCase('validity', result.mode, outcome)
}

function invariantCase(result: Result, invariant: InvariantResult): string {
  const verdict = invariantVerdict(invariant)
  const name = `${result.mode}: ${invariant.number} ${invariant.title} (${formatCount(invariant.examined)} examined)`
  if (verdict === 'broken') return testCase('invariant', name, element('failure', invariant.broken.join(', ')))
  return testCase('invariant', name, verdict === 'held' ? '' : element('skipped', 'examined nothing: not passed'))
}

function targetCase(target: TargetResult): string {
  const words = `wanted ${target.wanted}, got ${target.got}${target.why === null ? '' : `: ${target.why}`}`
  if (target.verdict === 'met') return testCase('target', target.name, '')
  return testCase('target', target.name, element(target.verdict === 'missed' ? 'failure' : 'skipped', words))
}

function testCase(kind: string, name: string, outcome: string): string {
  return `<testcase classname="${kind}" name="${escapeMarkup(name)}">${outcome}</testcase>`
}

function element(tag: 'failure' | 'skipped', message: string): string {
  return `<${tag} message="${escapeMarkup(message)}"/>`
}
