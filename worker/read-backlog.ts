import type { Database } from '../server/db/database.ts'
import { countPending } from '../server/db/ledger/relay-outbox.ts'
import type { InviteQueue } from '../server/queue/invite-queue.ts'
import { createBatch } from '../server/redis/batch.ts'
import type { RedisClient } from '../server/redis/connect.ts'
import type { Keys } from '../server/redis/keys.ts'

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
  const streams = Array.from({ length: keys.shards }, (_, shard) => keys.stream(shard))
  for (const stream of streams) batch.at(stream).xlen(stream)
  for (const stream of streams) batch.at(stream).xrange(stream, '-', '+', 'COUNT', 1)
  const [replies, outbox, clock] = await Promise.all([batch.execute(), countPending(db), redis.time()])
  const [waiting, active, delayed, failed, next, ...ofStreams] = replies
  const lengths = ofStreams.slice(0, streams.length) as number[]
  const heads = ofStreams.slice(streams.length) as [string, string[]][][]
  return {
    size: {
      stream: lengths.reduce((sum, length) => sum + length, 0),
      pending: outbox.pending,
      waiting: waiting as number,
      active: active as number,
      delayed: delayed as number,
      failed: failed as number,
    },
    oldestSeconds: {
      stream: oldestEntrySeconds(heads, Number(clock[0]) + Number(clock[1]) / 1e6),
      pending: outbox.oldestSeconds ?? 0,
      waiting: await jobAgeSeconds(queue, next as string | null, redis),
    },
  }
}

/** An entry's id begins with the milliseconds of Redis's clock at which it was made. */
function oldestEntrySeconds(heads: readonly (readonly [string, string[]][])[], nowSeconds: number): number {
  const ages = heads.flatMap(([head]) =>
    head === undefined ? [] : [nowSeconds - Number.parseInt(head[0], 10) / 1_000],
  )
  return Math.max(0, ...ages)
}

async function jobAgeSeconds(queue: InviteQueue, id: string | null, redis: RedisClient): Promise<number> {
  const madeAt = id === null ? null : await redis.hget(queue.toKey(id), 'timestamp')
  return madeAt === null ? 0 : Math.max(0, (Date.now() - Number(madeAt)) / 1_000)
}
