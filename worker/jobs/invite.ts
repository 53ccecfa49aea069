import { setTimeout as sleep } from 'node:timers/promises'
import DataLoader from 'dataloader'
import type { Database } from '../../server/db/database.ts'
import { type ClaimOutcome, claimInvites, type InviteClaim } from '../../server/db/ledger/claim-invites.ts'
import { flagUnknownOutcome, markSent, releaseClaim, type SentInvite } from '../../server/db/ledger/settle-invites.ts'
import { MailError, type Mailer } from '../../server/mail/mailer.ts'
import type { Metrics } from '../../server/metrics/metrics.ts'
import type { Refunds } from '../../server/redeem/refunds.ts'
import type { SeatCalculator } from '../../server/redeem/seats.ts'
import { type Attempt, createUnwatched } from '../run-attempt.ts'

/** Jobs that start or end within so many ms share one transaction, and those that come while it runs share the next. */
const LINGER_MS = 3
const MAX_BATCH = 200
/** Pauses between tries to record a mail that is out; together much shorter than a claim lives. */
const RECORD_PAUSES_MS = [100, 400, 1_600]

export interface InviteJobParts {
  readonly db: Database
  readonly mailer: Mailer
  readonly refunds: Refunds
  readonly seats: SeatCalculator
  readonly metrics: Metrics
  readonly claimLeaseSeconds: number
}

/** Thrown so that the queue tries the job again after its back-off. */
export class TryAgainError extends Error {
  override readonly name = 'TryAgainError'
}

/**
 * The invite job: seat, mail, `sent`. It may run any number of times, also twice at once: every step is a conditional
 * update, and only the holder of a claim sends.
 * @throws TryAgainError or MailError when the queue should try again
 */
export function createInviteHandler(parts: InviteJobParts): (redemptionId: string, attempt?: Attempt) => Promise<void> {
  const { db, mailer, refunds, seats, metrics, claimLeaseSeconds } = parts
  const claims = createBatcher<ClaimOutcome>(async (ids) => {
    const outcomes = await claimInvites(db, ids, claimLeaseSeconds)
    // Nobody waits for it: at worst the count of free seats is as old as it may be.
    void seats.invalidate(groupsOf(outcomes.values()))
    // Two handlers of one redemption may meet in a batch: only one of them gets its claim.
    return ids.map((id, index) => (ids.indexOf(id) === index && outcomes.get(id)) || { outcome: 'busy' })
  })
  const settled = createBatcher<SentInvite | undefined>(async (ids) => {
    const sent = new Map((await markSent(db, ids)).map((invite) => [invite.id, invite]))
    return ids.map((id) => sent.get(id))
  })

  async function deliver(claim: InviteClaim, { signal, reach }: Attempt): Promise<void> {
    reach('sending')
    try {
      await mailer.send({ redemptionId: claim.id, email: claim.email, teamName: claim.teamName }, signal)
    } catch (error) {
      await settleFailure(claim, error)
      return
    }
    const sent = await record(claim.id)
    reach('sent')
    if (sent !== undefined) metrics.endToEnd.observe(Math.max(0, Date.now() - sent.acceptedAt.getTime()) / 1000)
  }

  /** The mail is out: a connection that breaks now must not send it again, so this is tried for a while. */
  async function record(id: string): Promise<SentInvite | undefined> {
    for (const pauseMs of RECORD_PAUSES_MS) {
      try {
        return await settled.load(id)
      } catch {
        await sleep(pauseMs)
      }
    }
    return settled.load(id)
  }

  async function settleFailure({ id, token }: InviteClaim, error: unknown): Promise<void> {
    const failure = error instanceof MailError ? error.failure : 'unknown'
    if (failure === 'unknown') await flagUnknownOutcome(db, id, token)
    else await releaseClaim(db, id, token)
    if (failure !== 'rejected') throw error
    // Not refundable when an earlier try may have gone out: then the sweeper counts it as sent in the end.
    await refunds.refund(id, 'mail_rejected')
  }

  return async (redemptionId, attempt = createUnwatched()) => {
    const claimed = await claims.load(redemptionId)
    switch (claimed.outcome) {
      case 'claimed':
        return deliver(claimed.claim, attempt)
      case 'no_seat':
        await refunds.refund(redemptionId, 'no_seat')
        return
      case 'busy':
        throw new TryAgainError('Another worker holds this redemption')
      case 'finished':
        return
    }
  }
}

/** Whose seats a batch took. */
function groupsOf(outcomes: Iterable<ClaimOutcome>): number[] {
  return [...outcomes].flatMap((claimed) => (claimed.outcome === 'claimed' ? [claimed.claim.groupId] : []))
}

function createBatcher<Result>(load: (ids: readonly string[]) => Promise<Result[]>): DataLoader<string, Result> {
  let underWay: Promise<unknown> = Promise.resolve()
  const loadInTurn = (ids: readonly string[]) => {
    const batch = load(ids)
    underWay = batch.catch(() => {})
    return batch
  }
  return new DataLoader(loadInTurn, {
    cache: false,
    maxBatchSize: MAX_BATCH,
    batchScheduleFn: (run) => void underWay.then(() => setTimeout(run, LINGER_MS)),
  })
}
