import { Redis } from 'ioredis'
import type pg from 'pg'
import type { Stores } from './stores.ts'

/** Those that refer to another one stand with it: TRUNCATE takes them all at once. */
const TABLES = [
  'invite_records',
  'invite_records_archive',
  'outbox',
  'bucket_outbox',
  'rebinds',
  'team_members',
  'redemptions',
  'redeem_codes',
  'teams',
  'groups',
  'queue_entries',
  'queue_entries_archive',
  'queue_claims',
  'activities',
].join(', ')

const KEY_PREFIX = 'redline'
/** The system's keys, and those of its waiting rooms, whose names people rely on. */
const KEY_PATTERNS = [
  `${KEY_PREFIX}:*`,
  `{${KEY_PREFIX}:*`,
  'queue:*',
  'user:queue:*',
  'session:queue:*',
  'throttle:ip:*',
]

/** Empties the system's data in both stores and in the mail sink. Its processes must not run. */
export async function clearData(stores: Stores, client: pg.Client): Promise<void> {
  await client.query(`TRUNCATE ${TABLES} RESTART IDENTITY`)
  await Promise.all([clearKeys(stores), stores.mailSink.clear()])
}

/** Without statistics the planner would guess from empty tables for the first minute. */
export async function analyseTables(client: pg.Client): Promise<void> {
  await client.query(`ANALYZE ${TABLES}`)
}

/** What autovacuum does at a moment of its own: what a warm-up left behind costs the load after it nothing then. */
export async function vacuumTables(client: pg.Client): Promise<void> {
  await client.query(`VACUUM (ANALYZE) ${TABLES}`)
}

/** Only the system's keys: a Redis that somebody else runs may hold more. */
async function clearKeys({ redis, ownsRedis }: Stores): Promise<void> {
  const client = new Redis(redis.url, { maxRetriesPerRequest: 3 })
  try {
    if (ownsRedis) return void (await client.flushall())
    for (const pattern of KEY_PATTERNS) {
      for await (const keys of client.scanStream({ match: pattern, count: 1_000 })) {
        if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]))
      }
    }
  } finally {
    client.disconnect()
  }
}
