import type { Logger } from 'pino'
import type { Database } from '../server/db/database.ts'
import { countAsSent, listQuiet, type QuietRedemption, requeue } from '../server/db/ledger/sweep.ts'
import { type InviteQueue, removeUnlessLive } from '../server/queue/invite-queue.ts'
import type { Refunds } from '../server/redeem/refunds.ts'
import { type Loop, startLoop } from './loop.ts'

const LIMIT = 500

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

  async function sweepOne({ id, status, overdue }: QuietRedemption): Promise<string | undefined> {
    if (status === 'refunding') await refunds.resume(id)
    else if (overdue) await sweepOverdue(id)
    else if (!(await removeUnlessLive(queue, id))) return id
    return undefined
  }

  return startLoop({
    idleMs: parts.intervalMs,
    onError: parts.onError,
    async round() {
      const quiet = await listQuiet(db, parts.quietSeconds, LIMIT)
      const lost: string[] = []
      for (const redemption of quiet) {
        const id = await sweepOne(redemption)
        if (id !== undefined) lost.push(id)
      }
      if (lost.length > 0) {
        parts.logger.warn({ redemptions: lost.length }, 'queued again: their jobs were gone')
        await requeue(db, lost)
      }
      return false
    },
  })
}
