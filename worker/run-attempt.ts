import type { Job } from 'bull'

/** Where a job that sends a mail stands. */
export type MailStep = 'seat' | 'sending' | 'sent'

/** One try of a job. */
export interface Attempt {
  /** Ends at the time limit: a mail that did not begin must not begin any more, one under way is given up. */
  readonly signal: AbortSignal
  /** Told as each step is reached. */
  reach(step: MailStep): void
}

/** A try that nobody looks at and that may take its time. */
export const createUnwatched = (): Attempt => ({ signal: new AbortController().signal, reach: () => {} })

/** Each note of progress is a script in Redis, so a job that is done within this writes none: it has done it all. */
const QUIET_MS = 1_000

export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError'
}

/** What of Bull's job an attempt needs. */
export type WatchedJob = Pick<Job, 'progress'>

/**
 * Runs one attempt. A slow one says as the job's progress how far it came, and so does one that failed.
 * @param run may go on for a moment after the limit, to write down what became of its mail
 * @returns the last step, which Bull keeps as the job's result
 * @throws TimeLimitError when it took too long, otherwise what `run` throws; the queue tries again then
 */
export async function runAttempt(
  job: WatchedJob,
  limitMs: number,
  run: (attempt: Attempt) => Promise<void>,
): Promise<MailStep> {
  const limit = new AbortController()
  let step: MailStep = 'seat'
  let written: MailStep | undefined
  let isSlow = false
  // The board is the less for a note that was not written; the job goes on.
  const write = async () => {
    if (written === step) return
    written = step
    await Promise.resolve(job.progress(step)).catch(() => {})
  }
  const reach = (next: MailStep) => {
    step = next
    if (isSlow && !limit.signal.aborted) void write()
  }
  const slow = setTimeout(() => {
    isSlow = true
    void write()
  }, QUIET_MS)
  const { promise: late, end } = createLimit(limitMs, limit)
  try {
    await Promise.race([run({ signal: limit.signal, reach }), late])
    return step
  } catch (error) {
    await write()
    throw error
  } finally {
    clearTimeout(slow)
    end()
  }
}

function createLimit(limitMs: number, limit: AbortController) {
  let timer: NodeJS.Timeout | undefined
  const promise = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new TimeLimitError(`It took longer than ${limitMs} ms`)
      reject(error)
      limit.abort(error)
    }, limitMs)
  })
  return { promise, end: () => clearTimeout(timer) }
}
