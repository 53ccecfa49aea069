import { createBatch } from '../redis/batch.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { loadScript } from '../redis/script.ts'
import { streamFields } from '../redis/stream-fields.ts'

const INSPECT = loadScript(import.meta.url, 'bucket-identity.lua', 'bucket-inspect.lua')
const STREAM_PAGE = 1_000

/** A valid bucket, and which uses it had taken when it was looked at. */
export interface BucketView {
  readonly usesLeft: number
  readonly holders: number
  readonly isActive: boolean
  readonly validUntil: Date | null
  /** Every use taken before this moment (Redis's clock) counts, none after it. */
  readonly cut: Date
  /** Ids of redemptions that it accepted until then and that the stream still holds; Postgres may have them or not. */
  readonly inStream: readonly string[]
}

/** @returns views by code; codes without a valid bucket are missing */
export async function inspectBuckets(
  { redis, keys }: { redis: RedisClient; keys: Keys },
  identity: string,
  codes: readonly string[],
): Promise<Map<string, BucketView>> {
  const views = await lookAtBuckets(redis, keys, identity, codes)
  const shards = new Set([...views.keys()].map((code) => keys.shardOf(code)))
  // After the buckets: an entry that is gone by now has been committed, so that Postgres shows it to whoever asks next.
  for (const shard of shards) await addStreamEntries(redis, keys.stream(shard), views)
  return new Map([...views].map(([code, view]) => [code, { ...view, inStream: [...view.inStream] }]))
}

type OpenView = Omit<BucketView, 'inStream'> & { inStream: Set<string> }
type Reply = [left: string, holders: number, state: string, validUntil: string, cut: string, ...ids: string[]] | null

async function lookAtBuckets(
  redis: RedisClient,
  keys: Keys,
  identity: string,
  codes: readonly string[],
): Promise<Map<string, OpenView>> {
  const batch = createBatch(redis)
  for (const code of codes) {
    const scriptKeys = [keys.bucket(code), keys.holders(code), keys.stream(keys.shardOf(code))] as const
    INSPECT.queue(batch, scriptKeys, [identity, code])
  }
  const replies = (await batch.execute()) as Reply[]
  const views = new Map<string, OpenView>()
  codes.forEach((code, index) => {
    const reply = replies[index]
    if (reply != null) views.set(code, toView(reply))
  })
  return views
}

function toView([left, holders, state, validUntil, cut, ...ids]: NonNullable<Reply>): OpenView {
  return {
    usesLeft: Number(left),
    holders,
    isActive: state === 'active',
    validUntil: validUntil === '' ? null : new Date(Number(validUntil)),
    cut: new Date(Number(cut)),
    inStream: new Set(ids),
  }
}

async function addStreamEntries(redis: RedisClient, stream: string, views: Map<string, OpenView>): Promise<void> {
  for (let from = '-'; ; ) {
    const entries = await redis.xrange(stream, from, '+', 'COUNT', STREAM_PAGE)
    for (const [entryId, fields] of entries) {
      const named = streamFields(fields)
      const view = views.get(named.get('code') ?? '')
      if (view !== undefined && Number.parseInt(entryId, 10) < view.cut.getTime())
        view.inStream.add(named.get('id') ?? '')
    }
    const last = entries.at(-1)?.[0]
    if (last === undefined || entries.length < STREAM_PAGE) return
    from = `(${last}`
  }
}
