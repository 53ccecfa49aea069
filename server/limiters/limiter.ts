/** The public names of the limiter modes; a file of this folder each. */
export const LIMITER_MODES = ['none', 'in-process', 'redis-semaphore', 'token-bucket'] as const
export type LimiterMode = (typeof LIMITER_MODES)[number]

/** Shared codes have uses for many; a personal one has a single use, and is bound to whoever takes it. */
export const CODE_KINDS = ['shared', 'personal'] as const
export type CodeKind = (typeof CODE_KINDS)[number]

/** A person's wish for one use of a code. `email` is normalised, `redemptionId` is new and carries the code's shard. */
export interface UseRequest {
  readonly redemptionId: string
  readonly code: string
  readonly email: string
  /** What is asked for: a code of the other kind is as good as unknown. */
  readonly kind: CodeKind
  /** The activity of the waiting-room pass that was shown; undefined without one. */
  readonly activityId?: string | undefined
}

/** How long a request may still take and whether its client is still there. */
export interface Deadline {
  /** Milliseconds left; 0 when it has passed. */
  remainingMs(): number
  /** Aborts when the deadline passes or the client goes away. */
  readonly signal: AbortSignal
}

export type DenialReason = 'not_found' | 'pass_required' | 'used_up' | 'expired' | 'refund_pending' | 'rate_limited'

/** The answer of a limiter: a denial is a value; what could not be decided is an `UnavailableError`. */
export type Reservation =
  | { readonly outcome: 'accepted'; readonly redemptionId: string }
  /** The same person holds a use of this code already. */
  | { readonly outcome: 'repeated'; readonly redemptionId: string; readonly status: string }
  | { readonly outcome: 'denied'; readonly reason: DenialReason; readonly retryAfterSeconds?: number }

/** A redemption that was accepted but that Postgres does not have yet. */
export interface UncommittedRedemption {
  readonly id: string
  readonly code: string
  readonly email: string
  readonly acceptedAt: Date
}

/** How full a limiter is right now, for metrics. */
export interface LimiterLoad {
  readonly inUse: number
  readonly waiting: number
}

/**
 * Guards the uses of codes. Every mode answers the same questions the same way (`conformance.ts` is the proof);
 * they differ in what they cost and in what bounds them.
 */
export interface Limiter {
  readonly mode: LimiterMode
  /** Makes the limiter ready to answer, e.g. loads what it guards. */
  start(): Promise<void>
  /**
   * Takes one use for this person, once: the same redemption id again gives the same answer.
   * @throws UnavailableError when it cannot be decided safely within the deadline
   */
  reserve(request: UseRequest, deadline: Deadline): Promise<Reservation>
  /** A redemption that was accepted and not yet written to Postgres, if this mode has such. */
  findUncommitted(redemptionId: string): Promise<UncommittedRedemption | undefined>
  load(): LimiterLoad
  close(): Promise<void>
}

/** Takes the use in Postgres; the modes without a bucket share it. */
export interface UseLedger {
  /**
   * @param confirm asked after the row was locked and before COMMIT; when it throws, nothing was taken
   */
  reserveUse(request: UseRequest, confirm?: () => void): Promise<Reservation>
}
