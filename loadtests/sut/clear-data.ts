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

const TRUNCATE = `TRUNCATE ${TABLES} RESTART IDENTITY`

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

/** What Redis knows of the ledger; the rest belongs to the processes that run: their registry, streams and queues. */
const LEDGER_KEY_PATTERNS = [`${KEY_PREFIX}:{s*}:bucket:*`, `${KEY_PREFIX}:{s*}:holders:*`, `${KEY_PREFIX}:{seats}:*`]

/** Empties the system's data in both stores and in the mail sink. Its processes must not run. */
export async function clearData(stores: Stores, client: pg.Client): Promise<void> {
  await client.query(TRUNCATE)
  await Promise.all([clearKeys(stores), stores.mailSink.clear()])
}

/** The same for a system that runs, is drained, and drains nothing meanwhile. */
export async function clearLedger(stores: Stores, client: pg.Client): Promise<void> {
  await client.query(TRUNCATE)
  await Promise.all([withRedis(stores, (redis) => unlinkMatching(redis, LEDGER_KEY_PATTERNS)), stores.mailSink.clear()])
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
function clearKeys(stores: Stores): Promise<void> {
  return withRedis(stores, async (redis) => {
    if (stores.ownsRedis) await redis.flushall()
    else await unlinkMatching(redis, KEY_PATTERNS)
  })
}

async function unlinkMatching(redis: Redis, patterns: readonly string[]): Promise<void> {
  for (const match of patterns) {
    for await (const keys of redis.scanStream({ match, count: 1_000 })) {
      if ((keys as string[]).length > 0) await redis.unlink(...(keys as string[]))
    }
  }
}

async function withRedis(stores: Stores, use: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(stores.redis.url, { maxRetriesPerRequest: 3 })
  try {
    await use(redis)
  } finally {
    redis.disconnect()
  }
}
