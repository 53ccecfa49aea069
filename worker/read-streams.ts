import { createBatch } from '../server/redis/batch.ts'
import type { RedisClient } from '../server/redis/connect.ts'
import type { Keys } from '../server/redis/keys.ts'

/** What stands in the ledger's streams: redemptions that Postgres does not have yet. */
export interface StreamBacklog {
  readonly waiting: number
  /** Of the first one, by Redis's clock; null when none waits. */
  readonly oldestSeconds: number | null
}

/** @throws when Redis cannot be asked: a part would be taken for all */
export async function readStreams(redis: RedisClient, keys: Keys): Promise<StreamBacklog> {
  const batch = createBatch(redis)
  const streams = Array.from({ length: keys.shards }, (_, shard) => keys.stream(shard))
  for (const stream of streams) batch.at(stream).xlen(stream)
  for (const stream of streams) batch.at(stream).xrange(stream, '-', '+', 'COUNT', 1)
  const [replies, clock] = await Promise.all([batch.execute(), redis.time()])
  const lengths = replies.slice(0, streams.length) as number[]
  const heads = (replies.slice(streams.length) as [string, string[]][][]).flatMap(([head]) => head?.[0] ?? [])
  const nowSeconds = Number(clock[0]) + Number(clock[1]) / 1e6
  return {
    waiting: lengths.reduce((sum, length) => sum + length, 0),
    oldestSeconds: heads.length === 0 ? null : Math.max(0, ...heads.map((id) => nowSeconds - madeAtSeconds(id))),
  }
}

/** An entry's id begins with the milliseconds of Redis's clock at which it was made. */
const madeAtSeconds = (id: string) => Number.parseInt(id, 10) / 1_000
