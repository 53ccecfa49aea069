/**
 * What the invariants are judged by: what clients and the mail sink saw, and the rows of a system at rest. Times do not
 * matter here; ids do.
 */
export interface Evidence {
  /** Answers that clients received. */
  readonly answers: readonly ClientAnswer[]
  /** Mails that the sink took, in the order of arrival; null when there is no sink to ask. */
  readonly mails: readonly SeenMail[] | null
  /** Sent before that sink was there: it cannot have their mails. */
  readonly sentBeforeSink: readonly string[]
  readonly redemptions: readonly RedemptionRow[]
  readonly members: readonly { readonly team_id: number; readonly seat_no: number; readonly redemption_id: string }[]
  readonly teams: readonly { readonly id: number; readonly max_seats: number; readonly seats_taken: number }[]
  readonly codes: readonly { readonly code: string; readonly max_uses: number; readonly used_count: number }[]
  /** Uses left by the bucket's own count; null in modes without buckets. */
  readonly buckets: Readonly<Record<string, number | null>> | null
  /** True where every code was loaded into a bucket, so that one without is lost, not merely not asked for yet. */
  readonly everyCodeHasBucket: boolean
  /** Of invites that are to be queued, and of rebinds. */
  readonly pendingOutbox: readonly string[]
  /** Ids of moves to another team; their mails and jobs are no invites. */
  readonly rebinds: readonly string[]
  /** Jobs that wait, are delayed or are being worked on; null when nobody could be asked. */
  readonly liveJobs: readonly string[] | null
  /** A redemption id for each refund that was recorded. */
  readonly refunds: readonly string[]
  /** A redemption id for each invite that was recorded as sent. */
  readonly invites: readonly string[]
  /** Codes that held more uses than they have, at some sample under load; and how many samples were taken. */
  readonly occupancy: { readonly samples: number; readonly exceeded: readonly string[] }
  /** Whether everything came to its end in the time that was given for it; null when nobody waited. */
  readonly drained: boolean | null
  /** Processes that were killed: each may double mails. */
  readonly kills: number
  /** What clients saw of waiting rooms; null where there was none. */
  readonly rooms: readonly RoomEvidence[] | null
}

export interface RoomEvidence {
  readonly name: string
  readonly releasePerSecond: number
  /** When it began to release people, in milliseconds since the epoch; never later than it did. */
  readonly openedAtMs: number
  readonly entered: readonly number[]
  readonly lost_enters: number
  readonly entered_again: readonly (readonly [number, number])[]
  readonly passes: readonly { readonly seq: number; readonly at_ms: number }[]
  readonly tried_without_pass: number
  readonly accepted_without_pass: readonly string[]
}

export interface SeenMail {
  readonly redemption_id: string | null
  /** Of a mail that tells a holder about another team. */
  readonly rebind_id: string | null
  readonly to: string
}

export interface ClientAnswer {
  readonly outcome: 'accepted' | 'rejected' | 'indeterminate'
  readonly redemption_id: string
  readonly email: string
  readonly code: string
}

export interface RedemptionRow {
  readonly id: string
  readonly code: string
  readonly email: string
  readonly status: string
}
