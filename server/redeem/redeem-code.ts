import type { Deadline, Limiter, Reservation } from '../limiters/limiter.ts'
import type { Keys } from '../redis/keys.ts'
import { normaliseEmail } from './email.ts'

export interface RedeemRequest {
  readonly email: string
  readonly code: string
}

/** A person redeems a code: the use is taken or refused; the invite follows by itself. */
export type RedeemCode = (request: RedeemRequest, deadline: Deadline) => Promise<Reservation>

export function createRedeemCode(limiter: Limiter, keys: Keys): RedeemCode {
  return ({ email, code }, deadline) =>
    limiter.reserve({ redemptionId: keys.newRedemptionId(code), code, email: normaliseEmail(email) }, deadline)
}
