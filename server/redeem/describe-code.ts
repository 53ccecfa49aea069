import type { LedgerView } from '../db/ledger/inspect-codes.ts'
import type { BucketView } from '../limiters/inspect-buckets.ts'
import { maskEmail } from './email.ts'

/** Something that is not as the ledger's rows say. */
export interface Difference {
  readonly part: 'used_count' | 'bucket'
  /** By how much, where it is a number: positive is more than the ledger says. */
  readonly size: number
  readonly text: string
  /** What mends it. */
  readonly action: string
}

/** What ledger and bucket say of a code, for people. */
export interface CodeInspection {
  readonly code: string
  readonly kind: 'shared' | 'personal'
  readonly isActive: boolean
  readonly validUntil: Date | null
  /** Never the whole address. */
  readonly boundTo: string | null
  readonly maxUses: number
  readonly ledger: {
    readonly usedCount: number
    /** What `used_count` should be: rows that hold a use, and those that held one until they expired. */
    readonly derivedCount: number
    /** Refunded rows hold nothing and are not among them. */
    readonly byStatus: Readonly<Record<string, number>>
    /** Accepted, not yet sent. */
    readonly inFlight: number
    readonly sent: number
  }
  /** Null where there is no valid one: in other modes, or before the next redemption rebuilds it. */
  readonly bucket: {
    readonly usesLeft: number
    readonly holders: number
    /** Accepted by the bucket, still in the stream. */
    readonly uncommitted: number
  } | null
  readonly differences: readonly Difference[]
  /** Why the bucket could not be judged, or what no repair mends. */
  readonly note: string | null
}

const IN_FLIGHT = ['reserved', 'enqueued', 'seated', 'sending']

export function describeCode(ledger: LedgerView, bucket: BucketView | undefined): CodeInspection {
  const { code, kind, isActive, validUntil, maxUses, usedCount, byStatus, boundEmail } = ledger
  const countOf = (status: string) => byStatus[status] ?? 0
  const inFlight = IN_FLIGHT.reduce((sum, status) => sum + countOf(status), 0)
  const derivedCount = inFlight + countOf('sent') + countOf('expired')
  const waits = bucket === undefined ? null : reasonToWait(ledger)
  return {
    code,
    kind,
    isActive,
    validUntil,
    maxUses,
    boundTo: boundEmail === null ? null : maskEmail(boundEmail),
    ledger: { usedCount, derivedCount, byStatus, inFlight, sent: countOf('sent') },
    bucket:
      bucket === undefined
        ? null
        : { usesLeft: bucket.usesLeft, holders: bucket.holders, uncommitted: bucket.inStream.length },
    differences: [
      ...compareCount(usedCount, derivedCount, maxUses),
      ...(bucket === undefined || waits !== null ? [] : compareBucket(ledger, bucket)),
    ],
    note: waits ?? (derivedCount > maxUses ? `${derivedCount - maxUses} more uses were given than allowed` : null),
  }
}

/** A refund gives its use back first in one place, then in the other. */
function reasonToWait({ awaitsRebuild, byStatus }: LedgerView): string | null {
  if (awaitsRebuild) return 'a change waits to be carried to the bucket; it is rebuilt then'
  return byStatus['refunding'] ? 'a refund is under way; the bucket can be judged when it has ended' : null
}

function compareCount(usedCount: number, derivedCount: number, maxUses: number): Difference[] {
  const target = Math.min(derivedCount, maxUses)
  if (usedCount === target) return []
  return [
    {
      part: 'used_count',
      size: usedCount - target,
      text: `used_count is ${usedCount}, the ledger's rows are ${derivedCount}`,
      action: `set used_count from ${usedCount} to ${target}`,
    },
  ]
}

function compareBucket(ledger: LedgerView, bucket: BucketView): Difference[] {
  const taken = ledger.takenByBucket + bucket.inStream.length
  const left = ledger.maxUses - taken
  const holders = taken - ledger.expiredOfBucket
  const differences: [isDifferent: boolean, size: number, text: string][] = [
    [
      bucket.usesLeft !== left,
      bucket.usesLeft - left,
      `the bucket has ${bucket.usesLeft} uses left, should be ${left}`,
    ],
    [
      bucket.holders !== holders,
      bucket.holders - holders,
      `the bucket has ${bucket.holders} holders, should be ${holders}`,
    ],
    [bucket.isActive !== ledger.isActive, 0, `the bucket says ${nameActive(bucket)}, the ledger ${nameActive(ledger)}`],
    [
      bucket.validUntil?.getTime() !== ledger.validUntil?.getTime(),
      0,
      `the bucket is valid until ${nameTime(bucket.validUntil)}, the ledger says ${nameTime(ledger.validUntil)}`,
    ],
  ]
  return differences
    .filter(([isDifferent]) => isDifferent)
    .map(([, size, text]) => ({ part: 'bucket', size, text, action: 'have the bucket rebuilt from the ledger' }))
}

const nameActive = ({ isActive }: { isActive: boolean }) => (isActive ? 'active' : 'inactive')
const nameTime = (time: Date | null) => time?.toISOString() ?? 'for ever'
