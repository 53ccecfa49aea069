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
  sample(): Promise<void>
  result(): Occupancy
}

/** Looks from outside, while the load runs, whether a code holds more uses than it has. */
export function watchOccupancy(client: pg.Client): OccupancyWatch {
  const exceeded = new Set<string>()
  let samples = 0
  return {
    async sample() {
      const { rows } = await client.query<{ code: string }>(FIND_EXCEEDED)
      samples++
      for (const { code } of rows) exceeded.add(code)
    },
    result: () => ({ samples, exceeded: [...exceeded] }),
  }
}
