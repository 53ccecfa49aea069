import type { CodeKind, Deadline, DenialReason, Limiter, Reservation } from '../limiters/limiter.ts'
import type { Keys } from '../redis/keys.ts'
import { normaliseEmail } from './email.ts'

export interface RedeemRequest {
  readonly email: string
  readonly code: string
  readonly kind: CodeKind
  /** Of the header: the same key is the same redemption (`idempotency.ts`). */
  readonly idempotencyKey?: string | undefined
  /** Of the header: a waiting-room pass as the person got it. */
  readonly pass?: string | undefined
  /** The activity that the pass is for, once it was checked. */
  readonly activityId?: string | undefined
  /** Of an earlier try with the same idempotency key; drawn anew when there was none. */
  readonly redemptionId?: string
}

export type RefusalReason = DenialReason | 'key_reused' | 'pass_invalid' | 'pass_used'

export type RedeemAnswer =
  | Exclude<Reservation, { outcome: 'denied' }>
  | { readonly outcome: 'denied'; readonly reason: RefusalReason; readonly retryAfterSeconds?: number }

/** A person redeems a code: the use is taken or refused; the invite follows by itself. */
export type RedeemCode = (request: RedeemRequest, deadline: Deadline) => Promise<RedeemAnswer>

export function createRedeemCode(limiter: Limiter, keys: Keys): RedeemCode {
  return ({ email, code, kind, activityId, redemptionId = keys.newRedemptionId(code) }, deadline) =>
    limiter.reserve({ redemptionId, code, email: normaliseEmail(email), kind, activityId }, deadline)
}
