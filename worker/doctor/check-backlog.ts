import { QueryTypes, type Sequelize } from 'sequelize'
import { COUNT_PENDING, type PendingOutbox } from '../../server/db/ledger/relay-outbox.ts'
import type { RedisClient } from '../../server/redis/connect.ts'
import type { Keys } from '../../server/redis/keys.ts'
import { readStreams, type StreamBacklog } from '../read-streams.ts'
import { bad, type Finding, good } from './check.ts'

/** What waits for longer is not only busy. */
const OLD_SECONDS = 60

/** Redemptions that Postgres does not have yet, by Redis's clock. */
export async function checkStreams(redis: RedisClient, keys: Keys): Promise<Finding[]> {
  const advice = 'Is a scheduler alive, and does its log tell of failed rounds?'
  const backlog = judgeBacklog('ledger streams', await readStreams(redis, keys), advice)
  let dead = 0
  for (let shard = 0; shard < keys.shards; shard++) dead += await redis.xlen(keys.deadEntries(shard))
  if (dead === 0) return [backlog]
  const why = 'Look at the streams named `dead` in Redis: somebody may hold a 202 for them.'
  return [backlog, bad('unusable entries', `${dead} set aside`, why)]
}

/** Invites that the queue does not have yet. */
export async function checkOutbox(sequelize: Sequelize): Promise<Finding[]> {
  const [row] = await sequelize.query<PendingOutbox>(COUNT_PENDING.text, { type: QueryTypes.SELECT })
  const backlog = { waiting: row?.pending ?? 0, oldestSeconds: row?.oldestSeconds ?? null }
  return [judgeBacklog('outbox', backlog, 'Is a scheduler alive, and does it reach Redis?')]
}

export function judgeBacklog(name: string, { waiting, oldestSeconds }: StreamBacklog, advice: string): Finding {
  if (oldestSeconds === null) return good(name, 'nothing waits')
  const detail = `${waiting} waiting, the oldest for ${Math.max(0, Math.round(oldestSeconds))} s`
  return oldestSeconds < OLD_SECONDS ? good(name, detail) : bad(name, detail, advice)
}
