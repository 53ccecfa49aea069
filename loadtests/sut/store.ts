/** A Postgres or Redis that the harness uses, started by it or given by the user. */
export interface Store {
  readonly url: string
  /** Null for a server that somebody else runs. */
  readonly pid: number | null
  readonly version: string
  /** The settings that decide what a measurement means, as the server itself reports them. */
  readonly settings: Record<string, string>
  /** Rejects when a server of our own ends unasked; never resolves. */
  readonly died: Promise<never>
  stop(): Promise<void>
}

/** `host:port` of a store's URL, for messages: the URL itself may hold a password. */
export function describeAddress(url: URL, defaultPort: number): string {
  return `${url.hostname || 'localhost'}:${url.port || defaultPort}`
}

/** What went wrong, in words. An attempt on several addresses hides its reasons in an AggregateError without a text. */
export function describeFailure(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describeFailure).join('; ')
  return error instanceof Error ? error.message : String(error)
}
