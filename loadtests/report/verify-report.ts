import { styleText } from 'node:util'
import { formatCount } from '../analysis/format.ts'
import { invariantVerdict } from '../analysis/merge-invariants.ts'
import type { InvariantResult } from '../run-file.ts'
import { createPlainTable } from './plain-table.ts'
import { wrap } from './wrap.ts'

/** What a check of a system at rest was given to look at. */
export interface Given {
  readonly answers: boolean
  readonly mails: boolean
  /** A server can be asked for its buckets. */
  readonly server: boolean
  /** A scheduler can be asked for streams and jobs. */
  readonly scheduler: boolean
}

export interface Finding extends InvariantResult {
  readonly verdict: ReturnType<typeof invariantVerdict>
  /** What was not looked at, and what would let it be. */
  readonly note: string | null
}

/** What each check misses without a source. */
const NEEDS: Record<number, { source: keyof Given; note: string }> = {
  1: { source: 'answers', note: 'by the ledger alone; what clients were told: --answers' },
  2: { source: 'answers', note: 'needs the answers that clients received: --answers' },
  3: { source: 'answers', note: 'needs the answers that clients received: --answers' },
  4: { source: 'server', note: 'without the buckets; to compare them: --server-ops-url' },
  8: { source: 'mails', note: 'needs the mails that arrived: --mails-url' },
  10: { source: 'scheduler', note: 'without the jobs; to compare them: --scheduler-ops-url' },
  12: { source: 'scheduler', note: 'needs somebody who knows the streams: --scheduler-ops-url' },
}

const MARKS = { held: '✓ held', broken: '✗ BROKEN', 'not examined': '– not examined' } as const
const STYLES = { held: 'green', broken: 'red', 'not examined': 'yellow' } as const
const WIDTH = 120

export function describeFindings(results: readonly InvariantResult[], given: Given): Finding[] {
  return results.map((result) => {
    const need = NEEDS[result.number]
    const isMissing = need !== undefined && !given[need.source]
    const empty = result.examined === 0 ? 'there was nothing to look at' : null
    return { ...result, verdict: invariantVerdict(result), note: isMissing ? need.note : empty }
  })
}

/** A table of all invariants, and below it the ids behind each that broke. */
export function renderFindings(findings: readonly Finding[], options: { colour: boolean }): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const table = createPlainTable({
    head: ['', 'invariant', 'examined', '', ''].map((text) => paint('dim', text)),
    colAligns: ['right', 'left', 'right', 'left', 'left'],
  })
  for (const { number, title, examined, verdict, note } of findings)
    table.push([number, title, formatCount(examined), paint(STYLES[verdict], MARKS[verdict]), paint('dim', note ?? '')])
  const broken = findings.filter(({ verdict }) => verdict === 'broken')
  const offenders = broken.flatMap(({ number, broken: ids }) => wrap(`invariant ${number}: ${ids.join(', ')}`, WIDTH))
  return [table.toString(), ...(broken.length > 0 ? ['', ...offenders] : []), '', paint('bold', summaryLine(findings))]
    .join('\n')
    .replace(/ +$/gm, '')
}

function summaryLine(findings: readonly Finding[]): string {
  const count = (verdict: Finding['verdict']) => findings.filter((finding) => finding.verdict === verdict).length
  const parts = [`${count('held')} held`, `${count('broken')} broken`]
  if (count('not examined') > 0) parts.push(`${count('not examined')} not examined, which is not the same as held`)
  return `${parts.join(', ')}.`
}
