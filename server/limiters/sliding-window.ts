import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { loadScript } from '../redis/script.ts'

const CHECK = loadScript(import.meta.url, 'sliding-window-check.lua')
const RECORD = loadScript(import.meta.url, 'sliding-window-record.lua')

export const WINDOW_SECONDS = 60

/** Per window and client; 0 = no such limit. */
export interface ClientLimits {
  readonly requests: number
  readonly failedTries: number
}

/** What is left of one limit, and in how many ms there will be more of it. */
export interface Quota {
  readonly left: number
  readonly resetMs: number
}

export interface Verdict {
  readonly answer: 'pass' | 'too_many_requests' | 'too_many_tries'
  readonly requests: Quota
  readonly failedTries: Quota
}

/** Limits what one client may ask in any span of a window's length, over all processes and by Redis's clock. */
export interface SlidingWindow {
  /** One round trip for both limits. A request that passes is counted. @throws when Redis cannot be asked */
  check(client: string): Promise<Verdict>
  /**
   * Counts a failed try. It is known to have failed only after it was made, so tries that run at the same time may
   * exceed the limit once, by no more than the limit on requests.
   * @param what was tried: the same again, at whatever endpoint, is the same try
   * @throws when Redis cannot be asked
   */
  recordFailure(client: string, what: string): Promise<void>
  /** It was no failed try after all: what failed at one endpoint is good at another. @throws when Redis cannot be asked */
  forgiveFailure(client: string, what: string): Promise<void>
}

export function createSlidingWindow(
  { redis, keys }: { readonly redis: RedisClient; readonly keys: Keys },
  limits: ClientLimits,
  windowMs = WINDOW_SECONDS * 1_000,
): SlidingWindow {
  const quota = (most: number, counted: number, resetMs: number): Quota => ({
    left: Math.max(0, most - counted),
    resetMs,
  })

  return {
    async check(client) {
      const { requests, failures } = keys.clientLogs(client)
      const reply = await CHECK.run(redis, [requests, failures], [windowMs, limits.requests, limits.failedTries])
      const [answer, counted, resetMs, failed, failedResetMs] = reply as [Verdict['answer'], ...number[]]
      return {
        answer,
        requests: quota(limits.requests, counted ?? 0, resetMs ?? 0),
        failedTries: quota(limits.failedTries, failed ?? 0, failedResetMs ?? 0),
      }
    },
    async recordFailure(client, what) {
      await RECORD.run(redis, [keys.clientLogs(client).failures], [windowMs, limits.failedTries, what])
    },
    async forgiveFailure(client, what) {
      await redis.zrem(keys.clientLogs(client).failures, what)
    },
  }
}
