import type { Logger } from 'pino'
import type { Database } from '../server/db/database.ts'
import { listQuietRebinds, markRebindsSeen, requeueRebinds } from '../server/db/ledger/rebind-mail.ts'
import { countAsSent, listQuiet, markSeen, type QuietRedemption, requeue } from '../server/db/ledger/sweep.ts'
import { findLiveJobs, type InviteQueue, removeDeadJob } from '../server/queue/invite-queue.ts'
import type { Refunds } from '../server/redeem/refunds.ts'
import { type Loop, startLoop } from './loop.ts'

const LIMIT = 500
/** A round ends with the last of so many failures: a store is away, and each may have waited for it. */
const MAX_FAILURES = 3

export interface SweeperParts {
  readonly db: Database
  readonly queue: InviteQueue
  readonly refunds: Refunds
  readonly logger: Logger
  readonly onError: (error: unknown) => void
  readonly intervalMs: number
  readonly quietSeconds: number
}

/**
 * Looks after redemptions that stopped moving: finishes refunds, queues again what lost its job, and gives back what
 * passed its deadline. Two sweepers do no harm: every step is a conditional update.
 */
export function startSweeper(parts: SweeperParts): Loop {
  const { db, queue, refunds } = parts

  async function sweepOverdue(id: string): Promise<void> {
    if (!(await refunds.refund(id, 'deadline_passed'))) await countAsSent(db, id)
  }

  async function end({ id, status }: QuietRedemption): Promise<void> {
    if (status === 'refunding') await refunds.resume(id)
    else await sweepOverdue(id)
  }

  /** One that fails does not keep the others waiting. */
  async function endAll(redemptions: readonly QuietRedemption[]): Promise<void> {
    let failures = 0
    for (const redemption of redemptions) {
      try {
        await end(redemption)
      } catch (error) {
        await markSeen(db, [redemption.id])
        if (++failures === MAX_FAILURES) throw error
        parts.onError(error)
      }
    }
  }

  /** Those of which no job will run again: dead jobs would keep new ones of their ids out, so they are removed. */
  async function findLost(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return []
    const live = await findLiveJobs(queue, ids)
    const lost: string[] = []
    for (const id of ids) if (!live.has(id) && (await removeDeadJob(queue, id))) lost.push(id)
    if (lost.length > 0) parts.logger.warn({ jobs: lost.length }, 'queued again: their jobs were gone')
    return lost
  }

  async function requeueInvites(ids: readonly string[]): Promise<void> {
    const lost = await findLost(ids)
    if (lost.length > 0) await requeue(db, lost)
    if (ids.length > 0) await markSeen(db, ids)
  }

  async function requeueMoves(ids: readonly string[]): Promise<void> {
    const lost = await findLost(ids)
    if (lost.length > 0) await requeueRebinds(db, lost)
    if (ids.length > 0) await markRebindsSeen(db, ids)
  }

  const mustEnd = ({ status, overdue }: QuietRedemption) => status === 'refunding' || overdue

  return startLoop({
    idleMs: parts.intervalMs,
    onError: parts.onError,
    async round() {
      const quiet = await listQuiet(db, parts.quietSeconds, LIMIT)
      await endAll(quiet.filter(mustEnd))
      await requeueInvites(quiet.filter((redemption) => !mustEnd(redemption)).map(({ id }) => id))
      await requeueMoves(await listQuietRebinds(db, parts.quietSeconds, LIMIT))
      return false
    },
  })
}
