import type { Limiter, UseLedger } from './limiter.ts'
import { createSemaphore, type SemaphoreOptions } from './semaphore.ts'
import { UNTIMED, type WaitMeter } from './wait-meter.ts'
import { withinDeadline } from './within-deadline.ts'

/**
 * A semaphore inside this server process around the database transaction. Its flaw is its scope: N processes let
 * N × limit requests through at once. The database still keeps them from overselling.
 */
export function createInProcess(ledger: UseLedger, options: SemaphoreOptions, wait: WaitMeter = UNTIMED): Limiter {
  const semaphore = createSemaphore(options)
  return {
    mode: 'in-process',
    start: async () => {},
    async reserve(request, deadline) {
      const stopWaiting = wait.startTimer()
      const release = await semaphore.acquire(deadline).finally(stopWaiting)
      const reservation = ledger.reserveUse(request).finally(release)
      return await withinDeadline(reservation, deadline)
    },
    findUncommitted: async () => undefined,
    load: () => ({ inUse: semaphore.inUse, waiting: semaphore.waiting }),
    close: async () => {},
  }
}
