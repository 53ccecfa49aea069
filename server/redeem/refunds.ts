import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'
import { beginRefund, findRefundUnderWay, finishRefund, type Refund, type RefundReason } from '../db/ledger/refund.ts'
import { createBuckets } from '../limiters/buckets.ts'
import { discardBuckets } from '../limiters/discard-buckets.ts'
import { readMode } from '../limiters/enter-mode.ts'
import { giveBack } from '../limiters/give-back.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import type { RunId } from '../redis/run-id.ts'
import type { SeatCalculator } from './seats.ts'

export interface Refunds {
  /**
   * Gives a use back: first in Postgres (seat freed), then in the bucket, then it is `refunded`. Whoever dies in
   * between leaves `refunding` behind, which the sweeper finishes.
   * @returns false when this redemption cannot be refunded (any more)
   */
  refund(id: string, reason: RefundReason): Promise<boolean>
  /** Finishes a refund that somebody began and did not finish. */
  resume(id: string): Promise<void>
}

export interface RefundParts {
  readonly db: Database
  readonly redis: RedisClient
  readonly runId: RunId
  readonly keys: Keys
  readonly seats: SeatCalculator
  readonly metrics: Metrics
  readonly logger: Logger
}

export function createRefunds(parts: RefundParts): Refunds {
  const { db, redis, keys, seats, metrics, logger } = parts
  let generation = ''
  const buckets = createBuckets({ ...parts, generation: () => generation })

  async function giveBackToBucket(refund: Refund): Promise<void> {
    const mode = await readMode(redis, keys)
    // A server that was refused may have named another mode, and a Redis that lost its data names none, while buckets serve.
    if (mode?.name !== 'token-bucket') return discardBuckets(redis, keys, [refund.code])
    generation = mode.generation
    await giveBack({ redis, keys, buckets }, refund)
  }

  async function finish(refund: Refund): Promise<void> {
    await giveBackToBucket(refund)
    const reason = await finishRefund(db, refund.id)
    if (reason === undefined) return
    metrics.refunds.inc({ reason })
    logger.info({ redemptionId: refund.id, reason }, 'refunded')
    // A bucket that was rebuilt between the two counted this refund as still under way. Otherwise nothing happens.
    await giveBackToBucket(refund)
  }

  return {
    async refund(id, reason) {
      const refund = await beginRefund(db, id, reason)
      if (refund === undefined) return false
      if (refund.freedGroupId !== null) await seats.invalidate([refund.freedGroupId])
      await finish(refund)
      return true
    },
    async resume(id) {
      const refund = await findRefundUnderWay(db, id)
      if (refund !== undefined) await finish(refund)
    },
  }
}
