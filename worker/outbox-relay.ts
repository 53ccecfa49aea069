import type { Database } from '../server/db/database.ts'
import { markRelayed, takePending } from '../server/db/ledger/relay-outbox.ts'
import { addInvites, type InviteQueue } from '../server/queue/invite-queue.ts'
import type { Breaker } from '../server/resilience/breaker.ts'
import { createQueueBreaker } from '../server/resilience/redis-breaker.ts'
import { inTracesOf } from '../server/tracing/tracing.ts'
import { type Loop, startLoop } from './loop.ts'

export interface OutboxRelayParts {
  readonly db: Database
  readonly queue: InviteQueue
  /** Of the queue: while it is down, rows are not locked for as long as an answer may take. */
  readonly breaker?: Breaker
  readonly onError: (error: unknown) => void
  readonly batchSize: number
  readonly idleMs: number
}

/**
 * Moves outbox rows to the queue; nobody else adds invite jobs. The rows stay locked until the queue has the jobs, so
 * a relay that dies leaves them pending, and adding them again does no harm.
 */
export function startOutboxRelay(parts: OutboxRelayParts): Loop {
  const { db, queue, onError, batchSize, idleMs, breaker = createQueueBreaker() } = parts
  return startLoop({
    idleMs,
    onError,
    round: () =>
      db.transaction(async (connection) => {
        const rows = await takePending(connection, batchSize)
        if (rows.length === 0) return false
        const traces = rows.map(({ traceparent }) => traceparent ?? undefined)
        await inTracesOf(traces, 'queue.add', { 'batch.size': rows.length }, () =>
          breaker.run(() => addInvites(queue, rows)),
        )
        await markRelayed(
          connection,
          rows.map(({ id }) => id),
        )
        return rows.length === batchSize
      }),
  })
}
