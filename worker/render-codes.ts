import type { CodeInspection } from '../server/redeem/describe-code.ts'
import type { CodeRepair } from '../server/redeem/repair.ts'

export function renderInspection(inspection: CodeInspection): string {
  const { code, kind, maxUses, ledger, bucket, differences, note } = inspection
  const statuses = Object.entries(ledger.byStatus).map(([status, rows]) => `${rows} ${status}`)
  const { usedCount, derivedCount, inFlight, sent } = ledger
  const lines = [
    `${code}  ${kind}, ${describeLife(inspection)}, ${maxUses} uses`,
    `  used_count  ${usedCount}, by the ledger's rows ${derivedCount}`,
    `  ledger      ${inFlight} in flight, ${sent} sent${statuses.length > 0 ? ` (${statuses.join(', ')})` : ''}`,
    `  bucket      ${describeBucket(bucket)}`,
    ...(note === null ? [] : [`  note: ${note}`]),
    ...differences.map(({ text }) => `  ✗ ${text}`),
  ]
  return [...lines, ...(differences.length === 0 && note === null ? ['  ✓ no difference'] : [])].join('\n')
}

export function renderRepair({ inspection, actions, dryRun }: CodeRepair): string {
  const verdict = actions.length === 0 ? ['  nothing to do'] : []
  const steps = actions.map((action) => (dryRun ? `  would ${action}` : `  done: ${action}`))
  const hint = dryRun && actions.length > 0 ? ['  nothing was changed: --apply does it'] : []
  return [renderInspection(inspection), ...verdict, ...steps, ...hint].join('\n')
}

export function renderTotals({
  codes,
  differing,
  dryRun,
}: {
  codes: number
  differing: number
  dryRun: boolean
}): string {
  if (differing === 0) return `${codes} codes looked at, no difference`
  return dryRun
    ? `${codes} codes looked at, ${differing} differ; nothing was changed: --apply mends them`
    : `${codes} codes looked at, ${differing} mended`
}

function describeLife({ isActive, validUntil, boundTo }: CodeInspection): string {
  const parts = [isActive ? 'active' : 'inactive']
  if (validUntil !== null) parts.push(`valid until ${validUntil.toISOString()}`)
  if (boundTo !== null) parts.push(`bound to ${boundTo}`)
  return parts.join(', ')
}

function describeBucket(bucket: CodeInspection['bucket']): string {
  if (bucket === null) return 'none (another mode, or the next redemption builds it)'
  const { usesLeft, holders, uncommitted } = bucket
  return `${usesLeft} uses left, ${holders} holders, ${uncommitted} still in the stream`
}
