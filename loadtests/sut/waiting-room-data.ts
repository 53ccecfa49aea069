import { Redis } from 'ioredis'
import type pg from 'pg'
import type { Stores } from './stores.ts'

/** An activity with a waiting room, and the code that its passes are for. */
export interface ActivitySeed {
  readonly id: string
  readonly name: string
  readonly releasePerSecond: number
  readonly code: string
}

/** As the redeem requests of the public API without a token see it. */
const TENANT = 'public'
/** Of the code: more than a load redeems. */
const USES = 10_000_000

const OPEN = `
WITH activity AS (
  INSERT INTO activities (id, tenant, name, status, release_per_second, opened_at)
  VALUES ($1, $2, $3, 'open', $4, to_timestamp($5::float8 / 1000)) RETURNING id
)
INSERT INTO redeem_codes (code, group_id, max_uses, activity_id) SELECT $6, 1, ${USES}, id FROM activity`

/**
 * Makes an activity that is open from now on, by Redis's clock, which decides who is released. Nobody can have asked
 * for its id before, so that no cache of the system knows that it was not there.
 * @returns when that was, in milliseconds since the epoch by this machine's clock; never later than it
 */
export async function openActivity({ redis }: Stores, client: pg.Client, seed: ActivitySeed): Promise<number> {
  const connection = new Redis(redis.url, { maxRetriesPerRequest: 3 })
  try {
    const askedAt = performance.timeOrigin + performance.now()
    const [seconds, microseconds] = await connection.time()
    const redisNowMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000
    const { id, name, releasePerSecond, code } = seed
    await client.query(OPEN, [id, TENANT, name, releasePerSecond, redisNowMs, code])
    return askedAt
  } finally {
    connection.disconnect()
  }
}
