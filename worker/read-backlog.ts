import type { Database } from '../server/db/database.ts'
import { countPending } from '../server/db/ledger/relay-outbox.ts'
import type { InviteQueue } from '../server/queue/invite-queue.ts'
import { createBatch } from '../server/redis/batch.ts'
import type { RedisClient } from '../server/redis/connect.ts'
import type { Keys } from '../server/redis/keys.ts'
import { readStreams } from './read-streams.ts'

/** Redemptions on their way to their invite, by the step that they wait for. */
export interface Backlog {
  readonly size: Readonly<Record<'stream' | 'pending' | 'waiting' | 'active' | 'delayed' | 'failed', number>>
  /** How long the first one waits; 0 when none does. */
  readonly oldestSeconds: Readonly<Record<'stream' | 'pending' | 'waiting', number>>
}

export interface BacklogParts {
  readonly redis: RedisClient
  readonly db: Database
  readonly queue: InviteQueue
  readonly keys: Keys
}

/** @throws when one of the stores cannot be asked: a part would be taken for all */
export async function readBacklog({ redis, db, queue, keys }: BacklogParts): Promise<Backlog> {
  const batch = createBatch(redis)
  for (const list of ['wait', 'active'].map((name) => queue.toKey(name))) batch.at(list).llen(list)
  for (const set of ['delayed', 'failed'].map((name) => queue.toKey(name))) batch.at(set).zcard(set)
  batch.at(queue.toKey('wait')).lindex(queue.toKey('wait'), -1)
  const [replies, outbox, streams] = await Promise.all([batch.execute(), countPending(db), readStreams(redis, keys)])
  const [waiting, active, delayed, failed, next] = replies
  return {
    size: {
      stream: streams.waiting,
      pending: outbox.pending,
      waiting: waiting as number,
      active: active as number,
      delayed: delayed as number,
      failed: failed as number,
    },
    oldestSeconds: {
      stream: streams.oldestSeconds ?? 0,
      pending: outbox.oldestSeconds ?? 0,
      waiting: await jobAgeSeconds(queue, next as string | null, redis),
    },
  }
}

async function jobAgeSeconds(queue: InviteQueue, id: string | null, redis: RedisClient): Promise<number> {
  const madeAt = id === null ? null : await redis.hget(queue.toKey(id), 'timestamp')
  return madeAt === null ? 0 : Math.max(0, (Date.now() - Number(madeAt)) / 1_000)
}
