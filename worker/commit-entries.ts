import type { Logger } from 'pino'
import type { Database } from '../server/db/database.ts'
import {
  type AcceptedRedemption,
  commitAccepted,
  commitRefused,
  UnknownCodeError,
} from '../server/db/ledger/commit-accepted.ts'
import { streamFields } from '../server/redis/stream-fields.ts'
import { inTracesOf } from '../server/tracing/tracing.ts'

/** An entry of a ledger stream; one that was deleted meanwhile has no fields. */
export type Entry = [id: string, fields: string[] | null]

/** An accepted redemption that Postgres does not take. */
export interface Refusal {
  readonly redemption: AcceptedRedemption
  /** False when not even a refund of it can be written. */
  readonly isRecorded: boolean
}

export interface CommitParts {
  readonly db: Database
  readonly logger: Logger
  readonly deadlineSeconds: number
}

/**
 * Writes a batch, each redemption once: all together, or, when Postgres refuses one of them, one by one.
 * @returns those that Postgres refused; they stand in the ledger as refunds in progress
 * @throws when the batch must be tried again
 */
export async function commitEntries(parts: CommitParts, accepted: readonly AcceptedRedemption[]): Promise<Refusal[]> {
  if (accepted.length === 0) return []
  try {
    const traces = accepted.map(({ traceparent }) => traceparent)
    await inTracesOf(traces, 'ledger.commit', { 'batch.size': accepted.length }, () =>
      commitAccepted(parts.db, accepted, parts.deadlineSeconds),
    )
    return []
  } catch (error) {
    if (refusalReason(error) === undefined) throw error
  }
  const refusals: Refusal[] = []
  for (const redemption of accepted) {
    const refusal = await commitOne(parts, redemption)
    if (refusal !== undefined) refusals.push(refusal)
  }
  return refusals
}

async function commitOne(
  { db, logger, deadlineSeconds }: CommitParts,
  redemption: AcceptedRedemption,
): Promise<Refusal | undefined> {
  try {
    await commitAccepted(db, [redemption], deadlineSeconds)
    return undefined
  } catch (error) {
    const reason = refusalReason(error)
    if (reason === undefined) throw error
    logger.error({ redemptionId: redemption.id, reason }, 'Postgres refused an accepted redemption; it is refunded')
    return { redemption, isRecorded: await recordRefusal(db, redemption, reason) }
  }
}

async function recordRefusal(db: Database, redemption: AcceptedRedemption, reason: string): Promise<boolean> {
  try {
    await commitRefused(db, redemption, reason)
    return true
  } catch (error) {
    if (refusalReason(error) === undefined) throw error
    return false
  }
}

/** The moment of acceptance is the entry id's: Redis's clock, in ms. @returns undefined when it cannot be read */
export function parseEntry([entryId, fields]: Entry): AcceptedRedemption | undefined {
  const named = streamFields(fields ?? [])
  const [id, code, email] = [named.get('id'), named.get('code'), named.get('email')]
  const traceparent = named.get('traceparent')
  if (!id || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) || !code || !email) return undefined
  const acceptedAt = new Date(Number.parseInt(entryId, 10))
  return { id, code, email, acceptedAt, ...(traceparent !== undefined && { traceparent }) }
}

/** Why Postgres will never take this row; undefined when it may at another try. */
function refusalReason(error: unknown): string | undefined {
  if (error instanceof UnknownCodeError) return 'unknown_code'
  const { code } = error as { code?: string }
  if (code === '23505') return 'already_redeemed'
  if (code === '23514') return 'used_up'
  // Class 22: a value that the column cannot hold.
  return code?.startsWith('22') ? 'refused_value' : undefined
}
