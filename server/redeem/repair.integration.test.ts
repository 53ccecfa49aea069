import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commitAccepted } from '../db/ledger/commit-accepted.ts'
import { createBuckets } from '../limiters/buckets.ts'
import { enterMode } from '../limiters/enter-mode.ts'
import { createTokenBucket } from '../limiters/token-bucket.ts'
import { createTestDeadline, createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createRepair, type Repair } from './repair.ts'

describe('repair', () => {
  let stores: TestStores
  let repair: Repair
  let redeem: (code: string, email?: string) => Promise<unknown>
  beforeAll(async () => {
    stores = await createTestStores()
    const generation = await enterMode(stores.redis, stores.keys, 'token-bucket')
    const parts = { ...stores, generation: () => generation }
    const limiter = createTokenBucket(parts, createBuckets(parts))
    redeem = (code, email = `${randomUUID()}@example.test`) =>
      limiter.reserve(
        { redemptionId: stores.keys.newRedemptionId(code), code, email, kind: 'shared' },
        createTestDeadline(),
      )
    repair = createRepair(stores)
  })
  afterAll(() => stores.close())

  const setUsedCount = (code: string, count: number) =>
    stores.sql('UPDATE redeem_codes SET used_count = $2 WHERE code = $1', [code, count])
  async function usedCount(code: string) {
    const [row] = await stores.sql<{ used: number }>('SELECT used_count AS used FROM redeem_codes WHERE code = $1', [
      code,
    ])
    return row?.used
  }
  const rebuildsAskedFor = async (code: string) =>
    (await stores.sql('SELECT 1 FROM bucket_outbox WHERE code = $1', [code])).length
  async function createRedeemed({ committed = 3, maxUses = 10 } = {}) {
    const code = await stores.createCode({ maxUses })
    for (let n = 0; n < committed; n++) await redeem(code)
    await stores.settle()
    return code
  }
  const textsOf = async (code: string) => (await repair.inspect(code))?.differences.map(({ text }) => text)

  test('finds nothing where everything is right, and knows no code that does not exist', async () => {
    const code = await createRedeemed()
    expect(await repair.inspect(code)).toMatchObject({
      code,
      maxUses: 10,
      ledger: { usedCount: 3, derivedCount: 3, byStatus: { reserved: 3 }, inFlight: 3, sent: 0 },
      bucket: { usesLeft: 7, holders: 3, uncommitted: 0 },
      differences: [],
      note: null,
    })
    expect(await repair.inspect('no such code')).toBeUndefined()
    expect(await repair.repair('no such code', { dryRun: false })).toBeUndefined()
  })

  test.each([0, 9])('a count of %i is shown by a dry run and set by a repair', async (wrong) => {
    const code = await createRedeemed()
    await setUsedCount(code, wrong)
    const planned = await repair.repair(code)
    expect(planned?.inspection.differences.map(({ text }) => text)).toEqual([
      `used_count is ${wrong}, the ledger's rows are 3`,
    ])
    expect(planned?.actions).toEqual([`set used_count from ${wrong} to 3`])
    expect(await usedCount(code)).toBe(wrong)
    await repair.repair(code, { dryRun: false })
    expect(await usedCount(code)).toBe(3)
    expect((await repair.repair(code, { dryRun: false }))?.actions).toEqual([])
    expect(await rebuildsAskedFor(code)).toBe(0)
  })

  test('uses that are still in the stream are no difference, also when Postgres has them already', async () => {
    const code = await createRedeemed({ committed: 2 })
    await Promise.all([redeem(code), redeem(code), redeem(code)])
    expect(await repair.inspect(code)).toMatchObject({ bucket: { usesLeft: 5, uncommitted: 3 }, differences: [] })
    const stream = stores.keys.stream(stores.keys.shardOf(code))
    const [entry] = await stores.redis.xrevrange(stream, '+', '-', 'COUNT', 1)
    const [, id = '', , , , email = ''] = entry?.[1] ?? []
    await commitAccepted(
      stores.db,
      [{ id, code, email, acceptedAt: new Date(Number.parseInt(entry?.[0] ?? '', 10)) }],
      900,
    )
    expect(await repair.inspect(code)).toMatchObject({ ledger: { usedCount: 3 }, differences: [] })
  })

  test('a bucket that disagrees is rebuilt, once', async () => {
    const code = await createRedeemed()
    await stores.redis.hincrby(stores.keys.bucket(code), 'left', 2)
    const planned = await repair.repair(code)
    expect(planned?.inspection.differences.map(({ text, size }) => ({ text, size }))).toEqual([
      { text: 'the bucket has 9 uses left, should be 7', size: 2 },
    ])
    expect(await rebuildsAskedFor(code)).toBe(0)
    await repair.repair(code, { dryRun: false })
    expect(await rebuildsAskedFor(code)).toBe(1)
    const waiting = await repair.repair(code, { dryRun: false })
    expect(waiting?.inspection.note).toContain('waits to be carried to the bucket')
    expect(await rebuildsAskedFor(code)).toBe(1)
  })

  test('a bucket that lost a holder or a change of the code is found', async () => {
    const code = await createRedeemed()
    await stores.redis.del(stores.keys.holders(code))
    await stores.sql('UPDATE redeem_codes SET is_active = false WHERE code = $1', [code])
    expect(await textsOf(code)).toEqual([
      'the bucket has 0 holders, should be 3',
      'the bucket says active, the ledger inactive',
    ])
  })

  test('expired memberships count as used and are held by nobody; a refund under way is waited for', async () => {
    const code = await createRedeemed()
    await stores.sql("UPDATE redemptions SET status = 'expired' WHERE code = $1", [code])
    await stores.redis.del(stores.keys.bucket(code))
    await redeem(code, 'late@example.test')
    await stores.settle()
    expect(await repair.inspect(code)).toMatchObject({
      ledger: { usedCount: 4, derivedCount: 4, byStatus: { expired: 3, reserved: 1 } },
      bucket: { usesLeft: 6, holders: 1 },
      differences: [],
    })
    await stores.sql("UPDATE redemptions SET status = 'refunding' WHERE code = $1 AND status = 'reserved'", [code])
    await stores.redis.hincrby(stores.keys.bucket(code), 'left', 1)
    const found = await repair.inspect(code)
    expect(found?.note).toContain('a refund is under way')
    expect(found?.differences.map(({ part }) => part)).toEqual(['used_count'])
  })

  test('more uses than allowed are told; the count stays within its limit', async () => {
    const code = await createRedeemed({ committed: 3, maxUses: 3 })
    await setUsedCount(code, 0)
    await stores.sql('UPDATE redeem_codes SET max_uses = 2 WHERE code = $1', [code])
    const repaired = await repair.repair(code, { dryRun: false })
    expect(repaired?.inspection.note).toBe('1 more uses were given than allowed')
    expect(await usedCount(code)).toBe(2)
  })

  test('an address is never shown in full', async () => {
    const code = await stores.createCode({ kind: 'personal' })
    await stores.sql("UPDATE redeem_codes SET bound_email = 'somebody@example.test' WHERE code = $1", [code])
    expect((await repair.inspect(code))?.boundTo).toBe('s***@example.test')
  })

  test('while redemptions go on nothing looks different, and what is wrong is mended to the last use', async () => {
    const code = await stores.createCode({ maxUses: 10_000 })
    await redeem(code)
    await setUsedCount(code, 0)
    let going = true
    const settling = (async () => {
      while (going) await stores.settle()
    })()
    const redeeming = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (going) await redeem(code)
      }),
    )
    const found: unknown[] = []
    for (let round = 0; round < 15; round++) {
      const repaired = await repair.repair(code, { dryRun: false })
      if (round > 0) found.push(...(repaired?.inspection.differences ?? []))
    }
    going = false
    await Promise.all([settling, redeeming])
    await stores.settle()
    expect(found).toEqual([])
    expect(await repair.inspect(code)).toMatchObject({ differences: [], note: null })
    const [row] = await stores.sql<{ rows: number }>('SELECT count(*)::int AS rows FROM redemptions WHERE code = $1', [
      code,
    ])
    expect(row?.rows).toBeGreaterThan(1)
    expect(await usedCount(code)).toBe(row?.rows)
  })

  test('all codes are gone through, page by page', async () => {
    await stores.sql(
      `INSERT INTO redeem_codes (code, group_id, max_uses, used_count)
       SELECT 'bulk' || n, (SELECT min(id) FROM groups), 5, 2 FROM generate_series(1, 450) AS n`,
    )
    const collect = async (dryRun: boolean) => {
      let codes = 0
      const repaired: string[] = []
      for await (const page of repair.repairAll({ dryRun })) {
        codes += page.codes
        repaired.push(
          ...page.repairs.map(({ inspection }) => inspection.code).filter((code) => code.startsWith('bulk')),
        )
      }
      return { codes, repaired: repaired.length }
    }
    const planned = await collect(true)
    expect(planned.codes).toBeGreaterThanOrEqual(450)
    expect(planned.repaired).toBe(450)
    expect((await collect(false)).repaired).toBe(450)
    expect((await collect(false)).repaired).toBe(0)
  })
})
