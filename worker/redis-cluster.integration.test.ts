import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBuckets } from '../server/limiters/buckets.ts'
import { enterMode } from '../server/limiters/enter-mode.ts'
import { createTokenBucket } from '../server/limiters/token-bucket.ts'
import { type RedisCluster, startRedisCluster } from '../server/testing/redis-cluster.ts'
import { createTestDeadline, createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { eventually } from './testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { startWholeSystem } from './testing/whole-system.ts'

const SHARDS = 4
const people = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}${n}@example.test`)

describe.each([
  ['three masters', false],
  ['three masters with a replica each', true],
] as const)('the pipeline on a Redis Cluster of %s', (_, withReplicas) => {
  let cluster: RedisCluster
  let stores: TestStores
  let sink: SmtpSink
  beforeAll(async () => {
    cluster = await startRedisCluster({ withReplicas })
    stores = await createTestStores({ shards: SHARDS, redisUrl: cluster.url })
    sink = await startSmtpSink()
  })
  afterAll(async () => {
    await sink?.close()
    await stores?.close()
    await cluster?.stop()
  })

  const nodeOf = (code: string) => cluster.masterOf(stores.keys.bucket(code))
  const mailsOf = (id: string) => sink.mails.filter(({ redemptionId }) => redemptionId === id).length

  /** A code of each shard. */
  async function createCodes(maxUses: number): Promise<string[]> {
    const byShard = new Map<number, string>()
    while (byShard.size < SHARDS) {
      const code = await stores.createCode({ maxUses })
      byShard.set(stores.keys.shardOf(code), code)
    }
    return [...byShard.values()]
  }

  test('everybody who was accepted gets one mail, whichever node has the code', async () => {
    const system = await startWholeSystem(stores, sink.url)
    const codes = await createCodes(10)
    expect(new Set(await Promise.all(codes.map(nodeOf))).size).toBe(cluster.masters.length)
    const asked = codes.flatMap((code) => people(15, 'p').map((email) => system.redeem(code, email)))
    const accepted = (await Promise.all(asked)).filter(({ status }) => status === 202)
    expect(accepted.length).toBe(SHARDS * 10)
    for (const code of codes) await eventually(() => system.countByStatus(code)).toEqual({ sent: 10 })
    expect(accepted.map(({ id }) => mailsOf(id))).toEqual(accepted.map(() => 1))
    const metrics = await (await fetch(new URL('/metrics', system.schedulerUrl))).text()
    expect(metrics).toContain('invite_queue_size{status="stream"} 0')
  })

  test('an acceptance is one round trip to the right node', async () => {
    const generation = await enterMode(stores.redis, stores.keys, 'token-bucket')
    const parts = { ...stores, generation: () => generation }
    const buckets = createBuckets(parts)
    const limiter = createTokenBucket(parts, buckets)
    const codes = await createCodes(100)
    const take = (code: string, email: string) =>
      limiter.reserve(
        { redemptionId: stores.keys.newRedemptionId(code), code, email, kind: 'shared' },
        createTestDeadline(),
      )
    await buckets.loadAll()
    await Promise.all(codes.map((code) => take(code, 'first@example.test')))
    const roundTrips = async () => (await stores.metrics.redisRoundTrips.get()).values[0]?.value ?? 0
    const before = await roundTrips()
    await Promise.all(codes.flatMap((code) => people(10, 'q').map((email) => take(code, email))))
    expect((await roundTrips()) - before).toBe(SHARDS * 10)
    expect([...(await buckets.usesLeft(codes)).values()]).toEqual(codes.map(() => 89))
    await stores.settle()
  })

  const title = withReplicas ? 'a node hangs and its replica takes over' : 'a node dies and starts again'
  test(`${title}: 503 for its codes meanwhile, and nothing is sold twice`, { timeout: 120_000 }, async () => {
    const system = await startWholeSystem(stores, sink.url)
    const codes = await createCodes(8)
    const [code = ''] = codes
    const node = await nodeOf(code)
    const nodes = await Promise.all(codes.map(nodeOf))
    const elsewhere = codes[nodes.findIndex((other) => other !== node)] ?? ''

    const before = await system.redeemAll(code, people(5, 'early'))
    await eventually(() => system.countByStatus(code)).toEqual({ sent: 5 })
    // As a node that comes back, or takes over, without its last writes: a bucket that promises too much.
    await stores.redis.hset(stores.keys.bucket(code), 'left', 999)
    if (withReplicas) await node.admin.wait(1, 5_000)
    if (withReplicas) node.freeze()
    else await node.kill()
    const startedAt = performance.now()
    expect((await system.redeem(code, 'meanwhile@example.test')).status).toBe(503)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect((await system.redeem(elsewhere, 'elsewhere@example.test')).status).toBe(202)
    if (!withReplicas) await node.restart()

    const after = await system.redeemAll(code, people(10, 'late'))
    expect(after.length).toBe(3)
    await eventually(() => system.countByStatus(code), 60_000).toEqual({ sent: 8 })
    await eventually(() => system.countByStatus(elsewhere), 60_000).toEqual({ sent: 1 })
    expect(await system.countUsed(code)).toBe(8)
    expect([...before, ...after].map((id) => mailsOf(id) > 0)).toEqual(Array.from({ length: 8 }, () => true))
    expect(new Set([...before, ...after]).size).toBe(8)
  })
})
