import { createHash } from 'node:crypto'
import { UnavailableError } from '../errors.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { loadScript } from '../redis/script.ts'
import { createRedisBreaker, type Guarded } from '../resilience/redis-breaker.ts'
import { normaliseEmail } from './email.ts'
import type { FindStatus } from './find-status.ts'
import type { RedeemCode, RedeemRequest } from './redeem-code.ts'

const CLAIM = loadScript(import.meta.url, 'idempotency-claim.lua')
const FORGET = loadScript(import.meta.url, 'idempotency-forget.lua')
/** How long a key is remembered. */
const LIFETIME_SECONDS = 86_400

export interface IdempotencyParts extends Guarded {
  readonly redis: RedisClient
  readonly keys: Keys
  readonly findStatus: FindStatus
}

/**
 * Same key, same redemption. The key is claimed for a redemption id before the use is taken, and a use is taken once per
 * redemption id: so a second try, also one at the same time or after a crash, is the first one. Only what was accepted
 * is remembered.
 */
export function createIdempotentRedeem(redeemCode: RedeemCode, parts: IdempotencyParts): RedeemCode {
  const { redis, keys, findStatus, breaker = createRedisBreaker() } = parts

  /** @returns the redemption id that the key stands for, and what it was first used with */
  async function claim(key: string, fingerprint: string, redemptionId: string) {
    const answer = await breaker.run(() => CLAIM.run(redis, [key], [fingerprint, redemptionId, LIFETIME_SECONDS]))
    const [claimedFor = '', id = ''] = answer as string[]
    return { isSame: claimedFor === fingerprint, id }
  }

  return async (request, deadline) => {
    if (request.idempotencyKey === undefined) return redeemCode(request, deadline)
    const key = keys.idempotency(createHash('sha256').update(request.idempotencyKey).digest('hex'))
    const wanted = keys.newRedemptionId(request.code)
    const fingerprint = fingerprintOf(request)
    const { isSame, id } = await claim(key, fingerprint, wanted).catch((error: unknown) => {
      if (error instanceof UnavailableError) throw error
      throw new UnavailableError('Redis cannot be asked for an idempotency key', { cause: error })
    })
    if (!isSame) return { outcome: 'denied', reason: 'key_reused' }
    const earlier = id === wanted ? undefined : await findStatus(id, deadline)
    if (earlier !== undefined) return { outcome: 'repeated', redemptionId: id, status: earlier.status }
    const answer = await redeemCode({ ...request, redemptionId: id }, deadline)
    const given = answer.outcome === 'denied' ? '' : answer.redemptionId
    // The person's redemption of before the key, or none at all: the key must not stand for an id that was never used.
    if (given !== id) await FORGET.run(redis, [key], [id, given]).catch(() => {})
    return answer
  }
}

function fingerprintOf({ kind, code, email }: RedeemRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, code, normaliseEmail(email)]))
    .digest('hex')
}
