import type { Database } from '../../server/db/database.ts'
import { claimRebind, isRebindOpen, markRebindSent, releaseRebind } from '../../server/db/ledger/rebind-mail.ts'
import { MailError, type Mailer } from '../../server/mail/mailer.ts'
import { type Attempt, createUnwatched } from '../run-attempt.ts'
import { TryAgainError } from './invite.ts'

export interface RebindJobParts {
  readonly db: Database
  readonly mailer: Mailer
  readonly claimLeaseSeconds: number
}

/**
 * Tells a holder about a move. The seat has moved already, so a mail that is refused for good changes nothing but its
 * own row. One of unknown outcome is sent again with the same Message-ID, for an hour.
 * @throws TryAgainError or MailError when the queue should try again
 */
export function createRebindHandler({
  db,
  mailer,
  claimLeaseSeconds,
}: RebindJobParts): (id: string, attempt?: Attempt) => Promise<void> {
  return async (id, { signal, reach } = createUnwatched()) => {
    const claim = await claimRebind(db, id, claimLeaseSeconds)
    if (claim === undefined) {
      if (await isRebindOpen(db, id)) throw new TryAgainError('Another worker holds this rebind')
      return
    }
    const { redemptionId, email, teamName } = claim
    reach('sending')
    try {
      await mailer.send({ redemptionId, rebindId: id, email, teamName }, signal)
    } catch (error) {
      const isRefused = error instanceof MailError && error.failure === 'rejected'
      await releaseRebind(db, claim, isRefused || claim.isLastTry ? 'failed' : 'pending')
      if (isRefused) return
      throw error
    }
    await markRebindSent(db, id)
    reach('sent')
  }
}
