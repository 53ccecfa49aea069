import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { beginRefund, finishRefund } from '../db/ledger/refund.ts'
import { createUseLedger } from '../redeem/reserve-use.ts'
import { connectRedis, connectSubscriber } from '../redis/connect.ts'
import { openLanes, spreadOver } from '../redis/lanes.ts'
import { trackRunId } from '../redis/run-id.ts'
import { type RedisCluster, startRedisCluster } from '../testing/redis-cluster.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createBuckets } from './buckets.ts'
import { CONFORMANCE, type ConformanceSubject } from './conformance.ts'
import { createLimiter } from './create-limiter.ts'
import { enterMode } from './enter-mode.ts'
import { giveBack } from './give-back.ts'
import { LIMITER_MODES, type Limiter, type LimiterMode, type UseLedger } from './limiter.ts'

const SEMAPHORE = { limit: 10, maxWaitMs: 10_000, maxWaiting: 1_000, leaseMs: 5_000 }

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(() => cluster.stop())

const PLACES = [
  ...LIMITER_MODES.flatMap((mode) => [[mode, 'one Redis', 1] as const, [mode, 'a Redis Cluster', 1] as const]),
  // The mode that spreads its commands over several connections.
  ['token-bucket', 'one Redis', 3] as const,
  ['token-bucket', 'a Redis Cluster', 3] as const,
]

describe.each(PLACES)('%s on %s, connections: %i', (mode, place, connections) => {
  let stores: TestStores
  let subject: ConformanceSubject & { close(): Promise<void> }
  beforeAll(async () => {
    stores = await createTestStores(place === 'one Redis' ? {} : { redisUrl: cluster.url, shards: 4 })
    subject = createSubject(stores, mode, connections)
  })
  afterAll(async () => {
    await subject.close()
    await stores.close()
  })

  for (const check of CONFORMANCE) test(check.name, () => check.run(subject))
})

describe('the suite itself', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  const breakages: [string, (limiter: Limiter) => Limiter, RegExp][] = [
    [
      'accepts without asking',
      (limiter) => ({
        ...limiter,
        reserve: async ({ redemptionId }) => ({ outcome: 'accepted', redemptionId }),
      }),
      /10 uses, but 200 of 200 requests were accepted/,
    ],
    [
      'gives one use too many',
      (limiter) => {
        let lenient = 1
        return {
          ...limiter,
          async reserve(request, deadline) {
            const answer = await limiter.reserve(request, deadline)
            if (answer.outcome !== 'denied' || answer.reason !== 'used_up' || lenient-- <= 0) return answer
            return { outcome: 'accepted', redemptionId: request.redemptionId }
          },
        }
      },
      /10 uses, but 11 of 200 requests were accepted/,
    ],
    [
      'refuses some who should be accepted',
      (limiter) => ({
        ...limiter,
        async reserve(request, deadline) {
          const answer = await limiter.reserve(request, deadline)
          return /-\d$/.test(request.email.split('@')[0] ?? '') ? { outcome: 'denied', reason: 'used_up' } : answer
        },
      }),
      /10 uses, but \d of 200 requests were accepted/,
    ],
  ]
  test.each(breakages)('notices a mode that %s', async (_, breakIt, complaint) => {
    const subject = createSubject(stores, 'none', 1, breakIt)
    const check = CONFORMANCE[0]
    await expect(check?.run(subject)).rejects.toThrow(complaint)
    await subject.close()
  })
})

describe('the limit of requests inside the database', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  test.each([
    ['redis-semaphore', 3],
    // Its documented flaw: each process has a limit of its own.
    ['in-process', 6],
  ] as const)('two processes of %s with 3 places let %i requests in', async (mode, expected) => {
    const gate = createGate(createUseLedger(stores.db, 900))
    const processes = [1, 2].map(() => createProcess(stores, mode, gate.ledger, { limit: 3 }))
    await Promise.all(processes.map(({ limiter }) => limiter.start()))
    const code = await stores.createCode({ maxUses: 100 })
    const answers = Array.from({ length: 20 }, (_, n) =>
      processes[n % 2]?.limiter.reserve(
        { redemptionId: stores.keys.newRedemptionId(code), code, email: `p${n}@example.test`, kind: 'shared' },
        { remainingMs: () => 10_000, signal: AbortSignal.timeout(10_000) },
      ),
    )
    await expect.poll(() => processes.reduce((sum, { limiter }) => sum + limiter.load().waiting, 0)).toBe(20 - expected)
    expect(gate.inside).toBe(expected)
    gate.open()
    const outcomes = (await Promise.all(answers)).map((answer) => answer?.outcome)
    expect(outcomes).toEqual(Array.from({ length: 20 }, () => 'accepted'))
    expect(gate.most).toBeLessThanOrEqual(expected)
    await Promise.all(processes.map(({ close }) => close()))
  })
})

/** A ledger that keeps everybody who came in until it is opened. */
function createGate(ledger: UseLedger) {
  let inside = 0
  let most = 0
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    get inside() {
      return inside
    },
    get most() {
      return most
    },
    open,
    ledger: {
      async reserveUse(request, confirm) {
        most = Math.max(most, ++inside)
        try {
          await opened
          return await ledger.reserveUse(request, confirm)
        } finally {
          inside--
        }
      },
    } satisfies UseLedger,
  }
}

interface ProcessOptions {
  readonly limit?: number
  readonly connections?: number
}

function createProcess(
  stores: TestStores,
  mode: LimiterMode,
  ledger: UseLedger,
  { limit = SEMAPHORE.limit, connections = 1 }: ProcessOptions = {},
) {
  const { db, keys, connection } = stores
  const redis = connectRedis(connection)
  const runId = trackRunId(redis)
  let generation = ''
  const others = openLanes(connections - 1, connection)
  const lanes = spreadOver({ redis, runId }, others)
  const parts = { redis, runId, lanes, keys, db, generation: () => generation }
  const limiter = createLimiter(mode, {
    ...parts,
    ledger,
    buckets: createBuckets(parts),
    subscribe: () => connectSubscriber(connection),
    semaphore: { ...SEMAPHORE, limit },
  })
  return {
    limiter: {
      ...limiter,
      async start() {
        await runId.known(10_000)
        generation = await enterMode(redis, keys, mode)
        await limiter.start()
      },
    } satisfies Limiter,
    async close() {
      await limiter.close()
      for (const lane of [{ redis }, ...others]) lane.redis.disconnect()
    },
  }
}

function createSubject(
  stores: TestStores,
  mode: LimiterMode,
  connections = 1,
  breakIt = (limiter: Limiter) => limiter,
) {
  const started: { close(): Promise<void> }[] = []
  const { db, redis, runId, keys } = stores
  let generation = ''
  const buckets = createBuckets({ db, redis, runId, keys, generation: () => generation })
  return {
    async createProcess() {
      const process = createProcess(stores, mode, createUseLedger(db, 900), { connections })
      started.push(process)
      await process.limiter.start()
      generation = await enterMode(redis, keys, mode)
      return breakIt(process.limiter)
    },
    createCode: stores.createCode,
    createActivity: stores.createActivity,
    newRedemptionId: keys.newRedemptionId,
    settle: stores.settle,
    beginRefund: async (id) => void (await beginRefund(db, id, 'deadline_passed')),
    async finishRefund(id) {
      const [row] = await stores.sql<{ id: string; code: string; email: string }>(
        'SELECT id, code, email FROM redemptions WHERE id = $1',
        [id],
      )
      if (row !== undefined && mode === 'token-bucket') await giveBack({ redis, keys, buckets }, row)
      await finishRefund(db, id)
    },
    async usedCount(code) {
      const [row] = await stores.sql<{ used_count: number }>('SELECT used_count FROM redeem_codes WHERE code = $1', [
        code,
      ])
      return row?.used_count ?? 0
    },
    close: async () => void (await Promise.all(started.map((process) => process.close()))),
  } satisfies ConformanceSubject & { close(): Promise<void> }
}
