/** Nothing can be accepted safely right now (503): a store is away, a line is full, a deadline passed. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
  readonly retryAfterSeconds: number
  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, { cause: options.cause })
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1
  }
}

/** What a client asked wrongly; becomes a problem+json answer. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number
  readonly code: string
  readonly detail: string | undefined
  readonly retryAfterSeconds: number | undefined
  constructor(status: number, code: string, title: string, detail?: string, retryAfterSeconds?: number) {
    super(title)
    this.status = status
    this.code = code
    this.detail = detail
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A process must not start, and its message says why and what to do: no stack would help. */
export class StartRefusedError extends Error {
  override readonly name = 'StartRefusedError'
}
