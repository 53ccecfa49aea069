import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

const FIND_EXCEEDED = `
SELECT c.code FROM redeem_codes c
JOIN (SELECT code, count(*) AS held FROM redemptions WHERE active GROUP BY code) r USING (code)
WHERE r.held > c.max_uses OR c.used_count > c.max_uses`

export interface Occupancy {
  readonly samples: number
  /** Codes that held more uses than they have at some sample. */
  readonly exceeded: readonly string[]
}

export interface OccupancyWatch {
  /** @returns what was seen until here; may be called again */
  stop(): Promise<Occupancy>
}

const INTERVAL_MS = 1_000

/** Looks each second from outside, while the load runs, whether a code holds more uses than it has. */
export function startOccupancyWatch(client: pg.Client, signal: AbortSignal): OccupancyWatch {
  const exceeded = new Set<string>()
  let samples = 0
  const ended = new AbortController()
  const until = AbortSignal.any([signal, ended.signal])
  const watch = async () => {
    while (!until.aborted) {
      await sleep(INTERVAL_MS, undefined, { signal: until }).catch(() => {})
      const { rows } = await client.query<{ code: string }>(FIND_EXCEEDED)
      samples++
      for (const { code } of rows) exceeded.add(code)
    }
  }
  const watching = watch()
  watching.catch(() => {})
  return {
    async stop() {
      ended.abort()
      await watching
      return { samples, exceeded: [...exceeded] }
    },
  }
}
