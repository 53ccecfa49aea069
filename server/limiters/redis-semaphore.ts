import {
  createDistributedSemaphore,
  type DistributedSemaphoreOptions,
  type RedisConnections,
} from './distributed-semaphore.ts'
import type { Limiter, UseLedger } from './limiter.ts'
import { UNTIMED, type WaitMeter } from './wait-meter.ts'
import { withinDeadline } from './within-deadline.ts'

/**
 * One semaphore over all server processes around the database transaction. Nobody holds a pool connection while
 * waiting, and a lease that was lost before COMMIT rolls back.
 */
export function createRedisSemaphore(
  ledger: UseLedger,
  connections: RedisConnections,
  options: DistributedSemaphoreOptions,
  wait: WaitMeter = UNTIMED,
): Limiter {
  const semaphore = createDistributedSemaphore(connections, options)
  return {
    mode: 'redis-semaphore',
    start: () => semaphore.start(),
    async reserve(request, deadline) {
      const stopWaiting = wait.startTimer()
      const lease = await semaphore.acquire(deadline).finally(stopWaiting)
      const reservation = ledger.reserveUse(request, () => lease.assertHeld()).finally(() => void lease.release())
      return withinDeadline(reservation, deadline)
    },
    findUncommitted: async () => undefined,
    load: () => ({ inUse: semaphore.inUse, waiting: semaphore.waiting }),
    close: () => semaphore.close(),
  }
}
