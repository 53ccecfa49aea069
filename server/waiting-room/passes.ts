import type { KeyObject } from 'node:crypto'
import { compactVerify, errors, SignJWT } from 'jose'
import { z } from 'zod'
import { UnavailableError } from '../errors.ts'
import type { Deadline } from '../limiters/limiter.ts'
import { withinDeadline } from '../limiters/within-deadline.ts'
import { loadScript } from '../redis/script.ts'
import type { AskRoom } from './ask-room.ts'
import type { Room } from './room-keys.ts'
import type { RoomStores } from './room-stores.ts'

const CLAIM = loadScript(import.meta.url, '../limiters/bucket-identity.lua', 'room-state.lua', 'pass-claim.lua')
const SETTLE = loadScript(import.meta.url, 'pass-settle.lua')
const AUDIENCE = 'redline-direct-redeem'

/** Whom a pass lets in. */
export interface PassHolder extends Room {
  readonly sessionId: string
  readonly seq: number
}

export interface Pass extends PassHolder {
  readonly expiresAtMs: number
}

export interface SignedPass {
  readonly token: string
  readonly expiresAt: Date
}

export interface Passes {
  /** A pass that lasts from now on, where now is the time of the room's Redis. */
  sign(holder: PassHolder, nowMs: number): Promise<SignedPass>
  /** @returns undefined when it is not one of ours; whether it has expired is for `claim` to tell */
  read(token: string): Promise<Pass | undefined>
  /**
   * Binds the pass to what it is used for. The same once more is fine.
   * @param fingerprint of code and email
   * @throws UnavailableError when Redis cannot be asked: the pass may be bound then
   */
  claim(pass: Pass, fingerprint: string, deadline: Deadline): Promise<'claimed' | 'expired' | 'used'>
  /** What became of a claimed pass: it is used for good, or free for something else. */
  settle(pass: Pass, fingerprint: string, outcome: 'used' | 'free'): Promise<void>
}

const claims = z.object({
  aud: z.literal(AUDIENCE),
  jti: z.uuid(),
  tenant: z.string(),
  activity: z.uuid(),
  seq: z.number().int(),
  exp: z.number(),
})

export interface PassParts extends RoomStores {
  readonly askRoom: AskRoom
  readonly key: KeyObject
  readonly lifetimeSeconds: number
}

/** Passes: signed, so that nobody makes one; bound in Redis, so that each is used once. */
export function createPasses({ redis, roomKeys, askRoom, key, lifetimeSeconds }: PassParts): Passes {
  return {
    async sign({ tenant, activityId, sessionId, seq }, nowMs) {
      const expiresAtMs = nowMs + lifetimeSeconds * 1_000
      const token = await new SignJWT({ tenant, activity: activityId, seq })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setAudience(AUDIENCE)
        .setJti(sessionId)
        .setExpirationTime(expiresAtMs / 1_000)
        .sign(key)
      return { token, expiresAt: new Date(expiresAtMs) }
    },

    async read(token) {
      const verified = await compactVerify(token, key, { algorithms: ['HS256'] }).catch((error: unknown) => {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      })
      if (verified === undefined) return undefined
      // Signed with a key that nothing else is signed with, so it is JSON of ours.
      const payload = claims.safeParse(JSON.parse(new TextDecoder().decode(verified.payload)))
      if (!payload.success) return undefined
      const { tenant, activity: activityId, jti: sessionId, seq, exp } = payload.data
      return { tenant, activityId, sessionId, seq, expiresAtMs: Math.round(exp * 1_000) }
    },

    async claim(pass, fingerprint, deadline) {
      const keys = [roomKeys.room(pass), roomKeys.passes(pass)]
      const args = [pass.sessionId, fingerprint, pass.expiresAtMs]
      const ask = async (identity: string) => [String(await CLAIM.run(redis, keys, [identity, ...args]))] as const
      const [answer] = await withinDeadline(askRoom(pass, ask, deadline), deadline).catch((error: unknown) => {
        if (error instanceof UnavailableError) throw error
        throw new UnavailableError('Redis cannot be asked for a pass', { cause: error })
      })
      return answer as 'claimed' | 'expired' | 'used'
    },

    async settle(pass, fingerprint, outcome) {
      const keys = [roomKeys.passes(pass), roomKeys.entries(pass)]
      await SETTLE.run(redis, keys, [pass.sessionId, fingerprint, outcome, pass.seq])
    },
  }
}
