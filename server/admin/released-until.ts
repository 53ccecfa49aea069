export interface ReleaseState {
  /** Decimal: Postgres' bigint. */
  readonly released_before: string
  readonly release_per_second: number
  readonly opened_at: Date | null
  readonly start_at: Date | null
}

/** How many people an open waiting room has released until `now`: as its scripts count, by whole people. */
export function releasedUntil(activity: ReleaseState, now: Date): number {
  const before = Number(activity.released_before)
  if (activity.opened_at === null) return before
  const since = Math.max(activity.opened_at.getTime(), activity.start_at?.getTime() ?? 0)
  const seconds = Math.max(0, now.getTime() - since) / 1000
  return Math.floor(before + activity.release_per_second * seconds)
}
