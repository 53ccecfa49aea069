import { Redis } from 'ioredis'
import type pg from 'pg'
import type { Stores } from './stores.ts'

/** A code to be made, with how many uses. */
export interface CodeSeed {
  readonly code: string
  readonly maxUses: number
}

const TABLES = `invite_records, outbox, bucket_outbox, team_members, rebinds, redemptions, redeem_codes, queue_entries,
  queue_claims, activities, teams, groups`
/** Large enough that seats never run out; small enough that a full team is a matter of every day. */
const SEATS_PER_TEAM = 200
const KEY_PREFIX = 'redline'

/** Empties the system's data in both stores and in the mail sink. Its processes must not run. */
export async function clearData(stores: Stores, client: pg.Client): Promise<void> {
  await client.query(`TRUNCATE ${TABLES} RESTART IDENTITY`)
  await Promise.all([clearKeys(stores), stores.mailSink.clear()])
}

/** Makes one group with seats for everybody, and the codes. @param seats at least so many */
export async function seedCodes(client: pg.Client, codes: readonly CodeSeed[], seats: number): Promise<void> {
  await client.query(`INSERT INTO groups (name) VALUES ('bench')`)
  await client.query(
    `INSERT INTO teams (group_id, name, max_seats)
     SELECT 1, 'Team ' || n, $1 FROM generate_series(1, $2::int) AS n`,
    [SEATS_PER_TEAM, Math.ceil(seats / SEATS_PER_TEAM)],
  )
  await client.query(
    `INSERT INTO redeem_codes (code, group_id, max_uses)
     SELECT code, 1, uses FROM unnest($1::text[], $2::int[]) AS seed(code, uses)`,
    [codes.map(({ code }) => code), codes.map(({ maxUses }) => maxUses)],
  )
  // Without statistics the planner would guess from empty tables for the first minute.
  await client.query(`ANALYZE ${TABLES}`)
}

/** What a person tries the system with: plenty of uses, and a seat for each. */
export const SAMPLE = { code: 'WELCOME', maxUses: 10_000 } as const

const SEED_SAMPLE = `
WITH made AS (
  INSERT INTO groups (name) VALUES ('Welcome') ON CONFLICT (name) DO NOTHING RETURNING id
), team AS (
  INSERT INTO teams (group_id, name, max_seats)
  SELECT made.id, 'Welcome ' || n, $3 FROM made, generate_series(1, $4::int) AS n
)
INSERT INTO redeem_codes (code, group_id, max_uses) SELECT $1, id, $2 FROM made ON CONFLICT (code) DO NOTHING`

/** Makes the sample code with its seats, unless an earlier start on the same database did. */
export async function seedSample(client: pg.Client): Promise<void> {
  const { code, maxUses } = SAMPLE
  await client.query(SEED_SAMPLE, [code, maxUses, SEATS_PER_TEAM, Math.ceil(maxUses / SEATS_PER_TEAM)])
}

/** Only the system's keys: a Redis that somebody else runs may hold more. */
async function clearKeys({ redis, ownsRedis }: Stores): Promise<void> {
  const client = new Redis(redis.url, { maxRetriesPerRequest: 3 })
  try {
    if (ownsRedis) return void (await client.flushall())
    for (const pattern of [`${KEY_PREFIX}:*`, `{${KEY_PREFIX}:*`]) {
      for await (const keys of client.scanStream({ match: pattern, count: 1_000 })) {
        if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]))
      }
    }
  } finally {
    client.disconnect()
  }
}
