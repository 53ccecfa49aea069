import type { Database } from '../db/database.ts'
import { findRedemptions, type RedemptionStatus } from '../db/ledger/find-redemption.ts'
import { UnavailableError } from '../errors.ts'

/** Pause between two looks at all watched redemptions together. */
const LOOK_MS = 500
/** Streams of one process; whoever comes then polls. */
const MAX_WATCHES = 2_000
const FINAL = new Set(['sent', 'expired', 'refunded'])

export interface Watch {
  /** Tells the state that was found first, then each change, then that it is over. */
  start(): void
  stop(): void
}

/** @throws UnavailableError when too many watch already */
export type WatchStatus = (
  found: RedemptionStatus,
  onChange: (status: RedemptionStatus) => void,
  onEnd: () => void,
) => Watch

export interface StatusWatcher {
  readonly watchStatus: WatchStatus
  close(): void
}

interface Watched {
  readonly id: string
  status: string
  readonly tell: (status: RedemptionStatus) => void
  readonly onEnd: () => void
}

/** Watches redemptions for people who wait: however many do, it is one statement for all of them. */
export function createStatusWatcher(db: Database): StatusWatcher {
  const watches = new Set<Watched>()
  let timer: NodeJS.Timeout | undefined

  async function look(): Promise<void> {
    const rows = await findRedemptions(db, [...new Set([...watches].map(({ id }) => id))])
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const watch of watches) {
      const row = byId.get(watch.id)
      // One that only Redis has is still `reserved`.
      if (row !== undefined && row.status !== watch.status) tell(watch, row)
    }
  }

  function tell(watch: Watched, row: RedemptionStatus): void {
    watch.status = row.status
    watch.tell(row)
    if (FINAL.has(row.status)) end(watch)
  }

  function end(watch: Watched): void {
    watches.delete(watch)
    watch.onEnd()
  }

  function lookLater(): void {
    if (timer !== undefined || watches.size === 0) return
    timer = setTimeout(async () => {
      // While Postgres is away nothing changes that could be told.
      await look().catch(() => {})
      timer = undefined
      lookLater()
    }, LOOK_MS)
  }

  return {
    watchStatus(found, onChange, onEnd) {
      if (watches.size >= MAX_WATCHES) throw new UnavailableError('Too many people watch their redemptions')
      const watch: Watched = { id: found.id, status: '', tell: onChange, onEnd }
      return {
        start() {
          watches.add(watch)
          tell(watch, found)
          lookLater()
        },
        stop: () => void watches.delete(watch),
      }
    },
    close() {
      clearTimeout(timer)
      for (const watch of [...watches]) end(watch)
    },
  }
}
