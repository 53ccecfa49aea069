import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** Whoever waits for a row waits for the transaction that has it: `Lock`, event `transactionid` or `tuple`. */
const COUNT_WAITING = `
SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
const INTERVAL_MS = 200

export interface LockWatch {
  /** Connections that waited for a lock, in the mean since the last call; null when nobody looked meanwhile. */
  take(): number | null
  stop(): Promise<void>
}

/** Looks some times a second at who waits for a lock in this Postgres, over a connection of its own. */
export function watchLocks(url: string): LockWatch {
  const client = new pg.Client({ connectionString: url })
  // A Postgres that is gone is told by the system's own connections.
  client.on('error', () => {})
  const ended = new AbortController()
  let [sum, looks] = [0, 0]
  const watch = async () => {
    await client.connect()
    while (!ended.signal.aborted) {
      const { rows } = await client.query<{ waiting: number }>(COUNT_WAITING)
      sum += rows[0]?.waiting ?? 0
      looks++
      await sleep(INTERVAL_MS, undefined, { signal: ended.signal }).catch(() => {})
    }
  }
  const watching = watch()
    .catch(() => {})
    .finally(() => client.end().catch(() => {}))
  return {
    take() {
      const waiting = looks === 0 ? null : sum / looks
      ;[sum, looks] = [0, 0]
      return waiting
    },
    stop() {
      ended.abort()
      return watching
    },
  }
}
