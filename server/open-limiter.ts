import type { Closers } from './closers.ts'
import type { ServerConfig } from './config.ts'
import { type Buckets, createBuckets } from './limiters/buckets.ts'
import { createLimiter } from './limiters/create-limiter.ts'
import type { Limiter } from './limiters/limiter.ts'
import { gaugeFrom } from './metrics/gauge-from.ts'
import type { ServerStores } from './open-stores.ts'
import { createUseLedger } from './redeem/reserve-use.ts'
import { connectSubscriber } from './redis/connect.ts'
import { inSpan, isTracing } from './tracing/tracing.ts'

/** The limiter of this process in its mode, ready to answer, and the buckets that it or the operations port look at. */
export async function openLimiter(
  config: ServerConfig,
  stores: ServerStores,
  closers: Closers,
): Promise<{ limiter: Limiter; buckets: Buckets }> {
  const buckets = createBuckets(stores)
  const created = createLimiter(config.LIMITER_MODE, {
    ...stores,
    buckets,
    subscribe: () => connectSubscriber(stores.connection),
    wait: stores.metrics.limiterWait.labels(config.LIMITER_MODE),
    ledger: createUseLedger(stores.db, config.REDEMPTION_DEADLINE_SECONDS),
    semaphore: {
      limit: config.SEMAPHORE_LIMIT,
      maxWaitMs: config.SEMAPHORE_MAX_WAIT_MS,
      maxWaiting: config.SEMAPHORE_MAX_WAITING,
      leaseMs: config.SEMAPHORE_LEASE_MS,
    },
  })
  const limiter = isTracing() ? traceLimiter(created) : created
  closers.add(() => limiter.close())
  await limiter.start()
  const { registry } = stores.metrics
  const inUse = { name: 'limiter_in_use', help: 'Places of the limiter that are held', label: 'mode' }
  gaugeFrom(registry, inUse, () => ({ [limiter.mode]: limiter.load().inUse }))
  const waiting = { name: 'limiter_waiting', help: 'Requests in the line of the limiter', label: 'mode' }
  gaugeFrom(registry, waiting, () => ({ [limiter.mode]: limiter.load().waiting }))
  return { limiter, buckets }
}

const traceLimiter = (limiter: Limiter): Limiter => ({
  ...limiter,
  reserve: (request, deadline) =>
    inSpan('limiter.reserve', { 'limiter.mode': limiter.mode, 'redemption.id': request.redemptionId }, () =>
      limiter.reserve(request, deadline),
    ),
})
