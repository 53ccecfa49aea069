import type { Database } from '../server/db/database.ts'
import { markRelayed, takePending } from '../server/db/ledger/relay-outbox.ts'
import { addInvites, type InviteQueue } from '../server/queue/invite-queue.ts'
import { type Loop, startLoop } from './loop.ts'

export interface OutboxRelayParts {
  readonly db: Database
  readonly queue: InviteQueue
  readonly onError: (error: unknown) => void
  readonly batchSize: number
  readonly idleMs: number
}

/**
 * Moves outbox rows to the queue; nobody else adds invite jobs. The rows stay locked until the queue has the jobs, so
 * a relay that dies leaves them pending, and adding them again does no harm.
 */
export function startOutboxRelay({ db, queue, onError, batchSize, idleMs }: OutboxRelayParts): Loop {
  return startLoop({
    idleMs,
    onError,
    round: () =>
      db.transaction(async (connection) => {
        const rows = await takePending(connection, batchSize)
        if (rows.length === 0) return false
        await addInvites(queue, rows)
        await markRelayed(
          connection,
          rows.map(({ id }) => id),
        )
        return rows.length === batchSize
      }),
  })
}
