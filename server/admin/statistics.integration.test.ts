import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection } from '../db/database.ts'
import { startDocumentedServer } from '../testing/documented-server.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createStatistics } from './statistics.ts'

describe('statistics', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  test('nothing yet', async () => {
    expect(await createStatistics(stores.db)()).toEqual({
      as_of: expect.any(Date),
      redemptions: {},
      seats: [],
      codes: {},
      outbox: { pending: 0, oldest_waiting_seconds: null, bucket_changes_pending: 0 },
    })
  })

  test('counts redemptions, seats, codes and what waits; many who ask share one answer for a while', async () => {
    const server = await startDocumentedServer(stores)
    try {
      const code = await stores.createCode({ seats: 10 })
      await stores.createCode({ kind: 'personal', isActive: false, seats: 0 })
      for (const email of ['a@example.test', 'b@example.test'])
        await server.api.ask('POST', '/api/v1/public/direct-redeem', { body: { email, code } })
      await stores.sql('UPDATE teams SET seats_taken = 3')
      await server.asAdmin('PATCH', `/codes/${code}`, { max_uses: 20 })
      const { body } = await server.asAdmin('GET', '/statistics')
      expect(body).toMatchObject({
        redemptions: { reserved: 2 },
        seats: [
          { taken: 0, available: 0 },
          { name: `group of ${code}`, taken: 3, available: 7 },
        ],
        codes: { shared: { active: 1, inactive: 0 }, personal: { active: 0, inactive: 1 } },
        outbox: { pending: 2, oldest_waiting_seconds: expect.any(Number), bucket_changes_pending: 1 },
      })
      expect((await server.asAdmin('GET', '/statistics')).body).toEqual(body)
    } finally {
      await server.close()
    }
  })

  test('a failure is not remembered', async () => {
    let fail = true
    const reads: Connection = {
      query: (...args) => (fail ? Promise.reject(new Error('away')) : stores.db.query(...args)),
    }
    const count = createStatistics(reads)
    await expect(count()).rejects.toThrow('away')
    fail = false
    expect(await count()).toMatchObject({ redemptions: expect.any(Object) })
  })
})
