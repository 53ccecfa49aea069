import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createMetrics } from '../metrics/metrics.ts'
import { type RedisCluster, startRedisCluster } from '../testing/redis-cluster.ts'
import { createBatch } from './batch.ts'
import { checkRedis, connectRedis, untilReady } from './connect.ts'
import { loadScript } from './script.ts'

describe('a connection to a Redis Cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())

  async function connect() {
    const metrics = createMetrics()
    const redis = connectRedis({ url: cluster.url, cause: 'request', metrics, onError: () => {} })
    onTestFinished(() => redis.disconnect())
    await untilReady(redis, 10_000)
    const roundTrips = async () => (await metrics.redisRoundTrips.get()).values[0]?.value ?? 0
    return { redis, roundTrips }
  }
  const KEYS = Array.from({ length: 12 }, (_, n) => `batch:{${n}}`)

  test('sends a batch as one pipeline per hash tag, and gives the replies in the order of the commands', async () => {
    const { redis, roundTrips } = await connect()
    const before = await roundTrips()
    const batch = createBatch(redis)
    for (const key of KEYS) batch.at(key).set(key, `value of ${key}`)
    for (const key of KEYS) batch.at(key).get(key)
    expect(await batch.execute()).toEqual([...KEYS.map(() => 'OK'), ...KEYS.map((key) => `value of ${key}`)])
    expect((await roundTrips()) - before).toBe(KEYS.length)
  })

  test('a batch brings its scripts to the nodes that need them', async () => {
    const { redis } = await connect()
    const script = loadScript(import.meta.url, 'testing/echo.lua')
    for (const round of [1, 2]) {
      const batch = createBatch(redis)
      for (const key of KEYS) script.queue(batch, [key], [round])
      expect(await batch.execute()).toEqual(KEYS.map((key) => `${key} ${round}`))
      await Promise.all(cluster.masters.map(({ admin }) => admin.script('FLUSH')))
    }
    expect(await script.run(redis, ['batch:{0}'], ['alone'])).toBe('batch:{0} alone')
  })

  test('fails at once where a node is away, says so, and works again when it is back', async () => {
    const { redis } = await connect()
    const [here, there] = await splitByNode(KEYS)
    const node = await cluster.masterOf(there)
    const state = () => checkRedis(redis).then(() => 'fine', String)
    await node.kill()
    await expect(redis.get(there)).rejects.toThrow()
    expect(await redis.set(here, 'served')).toBe('OK')
    await expect.poll(state, { timeout: 20_000 }).toContain('does not serve all of its slots')
    await node.restart()
    await expect.poll(() => redis.get(there).catch(() => 'failed'), { timeout: 20_000 }).toBe(`value of ${there}`)
    await expect.poll(state, { timeout: 20_000 }).toBe('fine')
  })

  /** Two keys that live on different nodes. */
  async function splitByNode(keys: readonly string[]): Promise<[string, string]> {
    const [first = '', ...others] = keys
    const node = await cluster.masterOf(first)
    for (const other of others) if ((await cluster.masterOf(other)) !== node) return [first, other]
    throw new Error('all keys live on one node')
  }
})
