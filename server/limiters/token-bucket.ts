import { setTimeout as sleep } from 'node:timers/promises'
import { findRedemption } from '../db/ledger/find-redemption.ts'
import { UnavailableError } from '../errors.ts'
import { type Lane, type Lanes, spreadOver } from '../redis/lanes.ts'
import { loadScript } from '../redis/script.ts'
import { streamFields } from '../redis/stream-fields.ts'
import { createRedisBreaker, type Guarded } from '../resilience/redis-breaker.ts'
import { currentTraceparent } from '../tracing/tracing.ts'
import type { BucketStores, Buckets } from './buckets.ts'
import { giveBack } from './give-back.ts'
import type { Deadline, Limiter, Reservation, UncommittedRedemption, UseRequest } from './limiter.ts'
import { UNTIMED, type WaitMeter } from './wait-meter.ts'
import { withinDeadline } from './within-deadline.ts'

const TAKE = loadScript(import.meta.url, 'bucket-identity.lua', 'bucket-take.lua')
const REFUND_RETRY_SECONDS = 2
const RETRY_PAUSE_MS = 50
/** A Redis that is away for no longer is waited for, and does not count as down. */
const PATIENCE_MS = 1_000
/** Pause before a bucket that was rebuilt, or whose refund has just ended, is asked again. */
const ASK_AGAIN_MS = 5

type Answer = [answer: string, detail?: string]

/** Where the bucket's scripts run; without lanes all of them go over `redis`. */
export interface TokenBucketParts extends BucketStores, Guarded {
  readonly lanes?: Lanes
}

/**
 * A bucket of uses per code in Redis: one script, one round trip, no SQL in the request. The script appends the
 * redemption to a stream, and the ledger consumer writes it to Postgres. A bucket that is missing, or that belongs to
 * a Redis from before a restart, is rebuilt from the ledger before anybody gets a use of it.
 */
export function createTokenBucket(
  { redis, runId, keys, db, breaker = createRedisBreaker(), lanes = spreadOver({ redis, runId }) }: TokenBucketParts,
  buckets: Buckets,
  wait: WaitMeter = UNTIMED,
): Limiter {
  async function take(request: UseRequest, lane: Lane, identity: string): Promise<Answer> {
    const { redemptionId, email, code, kind, activityId = '' } = request
    const shard = keys.shardOf(code)
    const scriptKeys = [keys.bucket(code), keys.holders(code), keys.stream(shard), keys.uncommitted(shard)]
    const traceparent = currentTraceparent()
    const traced = traceparent === undefined ? [] : [traceparent]
    const values = [identity, redemptionId, email, code, kind, activityId, ...traced]
    return (await TAKE.run(lane.redis, scriptKeys, values)) as Answer
  }

  /** The connection never sends a command again by itself; this does, with the run id of the Redis that it reaches. */
  async function takePatiently(request: UseRequest, lane: Lane, deadline: Deadline): Promise<Answer> {
    const giveUpAt = performance.now() + Math.min(PATIENCE_MS, deadline.remainingMs())
    for (;;) {
      try {
        return await take(request, lane, await buckets.identity(giveUpAt - performance.now(), lane.runId))
      } catch (error) {
        if (performance.now() >= giveUpAt) throw error
        await sleep(RETRY_PAUSE_MS)
      }
    }
  }

  async function takeReliably(request: UseRequest, lane: Lane, deadline: Deadline): Promise<Answer> {
    let lastError: unknown
    while (deadline.remainingMs() > 0) {
      try {
        return await breaker.run(() => takePatiently(request, lane, deadline))
      } catch (error) {
        if (error instanceof UnavailableError) throw error
        lastError = error
      }
    }
    throw new UnavailableError('Redis cannot be asked for a use', { cause: lastError })
  }

  /** @returns undefined when the redemption ended meanwhile, so that the bucket must be asked again */
  async function describeHeld(redemptionId: string, { code, email }: UseRequest): Promise<Reservation | undefined> {
    const status = (await findRedemption(db, redemptionId))?.status ?? 'reserved'
    if (status === 'refunded') {
      // Its refund gave it back before; a take that was sent once more after that has it again.
      await asUnavailable(
        breaker.run(() => giveBack({ redis, keys, buckets }, { id: redemptionId, code, email })),
        'Redis cannot be given a use back',
      )
      return undefined
    }
    if (status === 'refunding')
      return { outcome: 'denied', reason: 'refund_pending', retryAfterSeconds: REFUND_RETRY_SECONDS }
    return { outcome: 'repeated', redemptionId, status }
  }

  async function interpret([answer, detail]: Answer, request: UseRequest, deadline: Deadline) {
    switch (answer) {
      case 'accepted':
        return { outcome: 'accepted', redemptionId: request.redemptionId } as const
      case 'held':
        return withinDeadline(describeHeld(detail ?? '', request), deadline)
      case 'rate_limited':
        return { outcome: 'denied', reason: answer, retryAfterSeconds: Number(detail) } as const
      case 'not_found':
      case 'pass_required':
      case 'expired':
      case 'used_up':
        return { outcome: 'denied', reason: answer } as const
      case 'uninitialised':
        await buckets.ensure(request.code, deadline.remainingMs())
        return undefined
      default:
        throw new Error(`bucket-take.lua answered ${answer}`)
    }
  }

  async function findUncommitted(id: string): Promise<UncommittedRedemption | undefined> {
    const shard = keys.shardOfRedemption(id)
    if (shard >= keys.shards) return undefined
    const lane = lanes.next()
    const entry = await lane.redis.hget(keys.uncommitted(shard), id)
    if (entry === null) return undefined
    const [found] = await lane.redis.xrange(keys.stream(shard), entry, entry)
    if (found === undefined) return undefined
    const fields = streamFields(found[1])
    const [code = '', email = ''] = [fields.get('code'), fields.get('email')]
    return { id, code, email, acceptedAt: new Date(Number.parseInt(entry, 10)) }
  }

  return {
    mode: 'token-bucket',
    start: () => buckets.loadAll(),
    async reserve(request, deadline) {
      const lane = lanes.next()
      while (deadline.remainingMs() > 0) {
        const stopWaiting = wait.startTimer()
        const answer = await takeReliably(request, lane, deadline).finally(stopWaiting)
        const reservation = await interpret(answer, request, deadline)
        if (reservation !== undefined) return reservation
        await sleep(ASK_AGAIN_MS)
      }
      throw new UnavailableError('The deadline of the request passed')
    },
    findUncommitted: (id) =>
      asUnavailable(
        breaker.run(() => findUncommitted(id)),
        'Redis cannot be asked for a redemption',
      ),
    load: () => ({ inUse: 0, waiting: 0 }),
    close: async () => {},
  }
}

/** Whatever Redis failed with. @throws UnavailableError */
function asUnavailable<T>(work: Promise<T>, message: string): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof UnavailableError) throw error
    throw new UnavailableError(message, { cause: error })
  })
}
