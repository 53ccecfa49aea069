import { UnavailableError } from '../errors.ts'
import type { Deadline } from './limiter.ts'

/**
 * Waits for an answer until the deadline passes or the client goes away; the work itself still comes to its end.
 * @throws UnavailableError when there was no answer by then: whether the use was taken is not known
 */
export async function withinDeadline<T>(work: Promise<T>, { signal }: Deadline): Promise<T> {
  let stop = () => {}
  const ended = new Promise<never>((_, reject) => {
    const onAbort = () => reject(new UnavailableError('The request ended before it was decided'))
    signal.addEventListener('abort', onAbort, { once: true })
    stop = () => signal.removeEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
  return Promise.race([work, ended]).finally(stop)
}
