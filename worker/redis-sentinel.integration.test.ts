import { describe, expect, onTestFinished, test } from 'vitest'
import { type RedisWithSentinels, startRedisWithSentinels } from '../server/testing/redis-sentinel.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { eventually } from './testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { startWholeSystem } from './testing/whole-system.ts'

const people = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}${n}@example.test`)

describe('the pipeline on a Redis that sentinels watch', () => {
  /** What is opened first is closed last, after the system that a test starts on it. */
  async function openStores(): Promise<{ redis: RedisWithSentinels; stores: TestStores; sink: SmtpSink }> {
    const redis = await startRedisWithSentinels()
    onTestFinished(redis.stop)
    const stores = await createTestStores({ redisUrl: redis.url })
    onTestFinished(stores.close)
    const sink = await startSmtpSink()
    onTestFinished(sink.close)
    return { redis, stores, sink }
  }

  const losses: [string, (master: RedisWithSentinels['master']) => unknown][] = [
    ['dies', (master) => master.kill()],
    ['hangs', (master) => master.freeze()],
  ]
  test.each(losses)(
    'the master %s: a replica takes over, its buckets are rebuilt',
    { timeout: 120_000 },
    async (_, lose) => {
      const { redis, stores, sink } = await openStores()
      const system = await startWholeSystem(stores, sink.url)
      const code = await stores.createCode({ maxUses: 8 })
      const before = await system.redeemAll(code, people(5, 'early'))
      await eventually(() => system.countByStatus(code)).toEqual({ sent: 5 })
      // As a replica that lacks the last writes of its master: a bucket that promises too much.
      await redis.master.admin.hset(stores.keys.bucket(code), 'left', 999)
      await redis.master.admin.wait(1, 5_000)

      await lose(redis.master)
      expect((await system.redeem(code, 'meanwhile@example.test')).status).toBe(503)
      const after = await system.redeemAll(code, people(10, 'late'))
      expect(after.length).toBe(3)
      expect(await redis.replica.admin.role()).toContain('master')
      await eventually(() => system.countByStatus(code), 60_000).toEqual({ sent: 8 })
      expect(await system.countUsed(code)).toBe(8)
      const sent = [...before, ...after].filter((id) => sink.mails.some(({ redemptionId }) => redemptionId === id))
      expect(new Set(sent).size).toBe(8)
    },
  )
})
