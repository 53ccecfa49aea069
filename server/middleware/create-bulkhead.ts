import { bulkhead, isBulkheadRejectedError } from 'cockatiel'
import type { Response } from 'express'
import { UnavailableError } from '../errors.ts'
import { withinDeadline } from '../limiters/within-deadline.ts'
import { createDeadline } from './deadline.ts'

export interface BulkheadOptions {
  /** Works that run at once. */
  readonly limit: number
  /** Works that wait for one of them to end. */
  readonly maxWaiting: number
  readonly deadlineMs: number
}

/** Runs the work behind a request. @throws UnavailableError when too many wait, or it does not end in time */
export type Bulkhead = <T>(work: () => Promise<T>, response: Response) => Promise<T>

/** Keeps one kind of request from taking what the others need, such as the connections of a pool. */
export function createBulkhead({ limit, maxWaiting, deadlineMs }: BulkheadOptions): Bulkhead {
  const policy = bulkhead(limit, maxWaiting)
  return async (work, response) => {
    const deadline = createDeadline(response, deadlineMs)
    try {
      // A work whose client waits no longer is not begun.
      const begun = policy.execute(({ signal }) => {
        signal.throwIfAborted()
        return work()
      }, deadline.signal)
      return await withinDeadline(begun, deadline)
    } catch (error) {
      if (isBulkheadRejectedError(error)) throw new UnavailableError('Too many such requests at once')
      throw error
    } finally {
      deadline.clear()
    }
  }
}
