import { QueryTypes, type Sequelize } from 'sequelize'
import type { RedisClient } from '../../server/redis/connect.ts'
import type { Keys } from '../../server/redis/keys.ts'
import { bad, type Finding, good } from './check.ts'

/** What waits for longer is not only busy. */
const OLD_SECONDS = 60

export interface Backlog {
  readonly waiting: number
  /** Of the oldest; null when nothing waits. */
  readonly oldestSeconds: number | null
}

/** Redemptions that Postgres does not have yet, by Redis's clock. */
export async function checkStreams(redis: RedisClient, keys: Keys): Promise<Finding[]> {
  const [seconds] = await redis.time()
  let waiting = 0
  let dead = 0
  let oldest: number | null = null
  for (let shard = 0; shard < keys.shards; shard++) {
    waiting += await redis.xlen(keys.stream(shard))
    dead += await redis.xlen(keys.deadEntries(shard))
    const [first] = await redis.xrange(keys.stream(shard), '-', '+', 'COUNT', 1)
    if (first !== undefined) oldest = Math.max(oldest ?? 0, Number(seconds) - Number.parseInt(first[0], 10) / 1_000)
  }
  const advice = 'Is a scheduler alive, and does its log tell of failed rounds?'
  const backlog = judgeBacklog('ledger streams', { waiting, oldestSeconds: oldest }, advice)
  if (dead === 0) return [backlog]
  const why = 'Look at the streams named `dead` in Redis: somebody may hold a 202 for them.'
  return [backlog, bad('unusable entries', `${dead} set aside`, why)]
}

/** Invites that the queue does not have yet. */
export async function checkOutbox(sequelize: Sequelize): Promise<Finding[]> {
  const [row] = await sequelize.query<{ waiting: number; oldest: number | null }>(
    `SELECT count(*)::int AS waiting, extract(epoch FROM now() - min(created_at))::float8 AS oldest
     FROM outbox WHERE status = 'pending'`,
    { type: QueryTypes.SELECT },
  )
  const backlog = { waiting: row?.waiting ?? 0, oldestSeconds: row?.oldest ?? null }
  return [judgeBacklog('outbox', backlog, 'Is a scheduler alive, and does it reach Redis?')]
}

export function judgeBacklog(name: string, { waiting, oldestSeconds }: Backlog, advice: string): Finding {
  if (oldestSeconds === null) return good(name, 'nothing waits')
  const detail = `${waiting} waiting, the oldest for ${Math.max(0, Math.round(oldestSeconds))} s`
  return oldestSeconds < OLD_SECONDS ? good(name, detail) : bad(name, detail, advice)
}
