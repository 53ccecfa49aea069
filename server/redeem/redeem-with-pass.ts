import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { Pass, Passes } from '../waiting-room/passes.ts'
import { normaliseEmail } from './email.ts'
import type { RedeemAnswer, RedeemCode } from './redeem-code.ts'

/**
 * Who shows a pass of a waiting room may redeem codes of that room's activity, once. The pass is bound to this code and
 * person before the use is taken: a refusal frees it again, an outcome that nobody knows leaves it bound. Without a
 * pass nothing is asked, and codes that want one refuse.
 */
export function createRedeemWithPass(redeemCode: RedeemCode, passes: Passes, logger: Logger): RedeemCode {
  async function settle(pass: Pass, fingerprint: string, answer: RedeemAnswer): Promise<void> {
    const outcome = answer.outcome === 'denied' ? 'free' : 'used'
    // Unsettled it stays bound to this code and person, who has the answer by now.
    await passes.settle(pass, fingerprint, outcome).catch((error: unknown) => {
      logger.warn({ err: error, outcome }, 'a pass stays bound: what became of it cannot be recorded')
    })
  }

  return async (request, deadline) => {
    if (request.pass === undefined) return redeemCode(request, deadline)
    const pass = await passes.read(request.pass)
    if (pass === undefined) return { outcome: 'denied', reason: 'pass_invalid' }
    const fingerprint = fingerprintOf(request)
    const claim = await passes.claim(pass, fingerprint, deadline)
    if (claim !== 'claimed') return { outcome: 'denied', reason: claim === 'used' ? 'pass_used' : 'pass_invalid' }
    const answer = await redeemCode({ ...request, activityId: pass.activityId }, deadline)
    await settle(pass, fingerprint, answer)
    // Another activity's pass is as good as none, but not the same advice.
    const isForeign = answer.outcome === 'denied' && answer.reason === 'pass_required'
    return isForeign ? { outcome: 'denied', reason: 'pass_invalid' } : answer
  }
}

function fingerprintOf({ code, email }: { code: string; email: string }): string {
  return createHash('sha256')
    .update(JSON.stringify([code, normaliseEmail(email)]))
    .digest('hex')
}
