import { onTestFinished } from 'vitest'
import type { Database } from '../../server/db/database.ts'
import { createBuckets } from '../../server/limiters/buckets.ts'
import { enterMode } from '../../server/limiters/enter-mode.ts'
import type { CodeKind, Limiter } from '../../server/limiters/limiter.ts'
import { createTokenBucket } from '../../server/limiters/token-bucket.ts'
import { createLogger } from '../../server/logger.ts'
import { type InviteQueue, openInviteQueue } from '../../server/queue/invite-queue.ts'
import { createRefunds, type Refunds } from '../../server/redeem/refunds.ts'
import { createUseLedger } from '../../server/redeem/reserve-use.ts'
import { createSeatCalculator, type SeatCalculator } from '../../server/redeem/seats.ts'
import { connectBlocking } from '../../server/redis/connect.ts'
import { createTestDeadline, createTestStores, type TestStores } from '../../server/testing/test-stores.ts'
import { startLedgerConsumer } from '../ledger-consumer.ts'
import type { Loop } from '../loop.ts'
import { startOutboxRelay } from '../outbox-relay.ts'
import { startSweeper } from '../sweeper.ts'

export interface RedemptionRow {
  readonly status: string
  readonly refund_reason: string | null
  readonly outcome_unknown: boolean
  readonly claimed_until: Date | null
  readonly team_id: number | null
}

/** The stores of a test file with what the scheduler runs on them. What a test starts stops when it has finished. */
export interface TestPipeline extends TestStores {
  readonly queue: InviteQueue
  readonly refunds: Refunds
  readonly seats: SeatCalculator
  /** Errors that the loops reported. */
  readonly errors: unknown[]
  /** Accepted by the bucket: it stands in the stream. @returns redemption ids */
  accept(code: string, emails: readonly string[]): Promise<string[]>
  /** Accepted in Postgres, with its outbox row. @returns redemption ids */
  reserve(code: string, emails: readonly string[]): Promise<string[]>
  redeem(code: string, email: string): ReturnType<Limiter['reserve']>
  startConsumers(options?: { db?: Database; batchSize?: number }): Loop[]
  startRelay(options?: { queue?: Pick<InviteQueue, 'addBulk'> }): Loop
  startSweeper(): Loop
  find(id: string): Promise<RedemptionRow | undefined>
  usedCount(code: string): Promise<number>
  usesLeft(code: string): Promise<number | undefined>
}

export async function createTestPipeline(): Promise<TestPipeline> {
  const stores = await createTestStores()
  const { db, redis, keys, connection, sql } = stores
  const logger = createLogger('silent', 'test')
  const generation = await enterMode(redis, keys, 'token-bucket')
  const parts = { ...stores, generation: () => generation }
  const buckets = createBuckets(parts)
  const limiter = createTokenBucket(parts, buckets)
  const ledger = createUseLedger(db, 900)
  const { queue, close: closeQueue } = await openInviteQueue(keys, connection)
  const seats = createSeatCalculator(stores)
  const refunds = createRefunds({ ...stores, seats, logger })
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)

  function stopLater(loop: Loop): Loop {
    onTestFinished(() => loop.stop())
    return loop
  }
  const requestOf = (code: string, email: string, kind: CodeKind = 'shared') => ({
    redemptionId: keys.newRedemptionId(code),
    code,
    email,
    kind,
  })
  const redeem = (code: string, email: string) => limiter.reserve(requestOf(code, email), createTestDeadline())
  async function collectIds(answers: ReturnType<Limiter['reserve']>[]): Promise<string[]> {
    return (await Promise.all(answers)).map((answer) => {
      if (answer.outcome !== 'accepted') throw new Error(`expected an acceptance, got ${JSON.stringify(answer)}`)
      return answer.redemptionId
    })
  }

  return {
    ...stores,
    queue,
    refunds,
    seats,
    errors,
    redeem,
    accept: (code, emails) => collectIds(emails.map((email) => redeem(code, email))),
    reserve: (code, emails) => collectIds(emails.map((email) => ledger.reserveUse(requestOf(code, email)))),
    startConsumers: (options = {}) =>
      Array.from({ length: keys.shards }, (_, shard) => {
        const blocking = connectBlocking(connection)
        // Finished in the opposite order: first the loop, then its connection.
        onTestFinished(() => blocking.disconnect())
        const settings = { db, redis, keys, logger, onError, batchSize: 100, deadlineSeconds: 900, ...options }
        return stopLater(startLedgerConsumer(settings, shard, blocking))
      }),
    startRelay: (options = {}) =>
      stopLater(
        startOutboxRelay({ db, queue: (options.queue ?? queue) as InviteQueue, onError, batchSize: 10, idleMs: 10 }),
      ),
    startSweeper: () =>
      stopLater(startSweeper({ db, queue, refunds, logger, onError, intervalMs: 10, quietSeconds: 0 })),
    async find(id) {
      const [row] = await sql<RedemptionRow>('SELECT * FROM redemptions WHERE id = $1', [id])
      return row
    },
    async usedCount(code) {
      const [row] = await sql<{ used: number }>('SELECT used_count AS used FROM redeem_codes WHERE code = $1', [code])
      return row?.used ?? -1
    },
    usesLeft: async (code) => (await buckets.usesLeft([code])).get(code),
    async close() {
      await closeQueue()
      await stores.close()
    },
  }
}
