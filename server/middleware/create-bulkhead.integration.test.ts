import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startDocumentedServer } from '../testing/documented-server.ts'
import { createGate } from '../testing/gate.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

describe('the bulkhead of the admin API', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  /** Holds a code's row, so that whoever changes it waits. @returns what lets it go */
  async function holdRow(code: string): Promise<() => Promise<void>> {
    const held = createGate()
    const release = createGate()
    const transaction = stores.db.transaction(async (connection) => {
      await connection.query({ name: '', text: 'SELECT 1 FROM redeem_codes WHERE code = $1 FOR UPDATE' }, [code])
      held.open()
      await release.opened
    })
    await held.opened
    return () => {
      release.open()
      return transaction
    }
  }

  test('administrators who all wait for one row: a few wait, the others get 503, and people redeem', async () => {
    // A quarter of the pool is one place; five may wait for it.
    const server = await startDocumentedServer(stores, {
      DB_POOL_MAX: '4',
      STATEMENT_TIMEOUT_MS: '20000',
      SEMAPHORE_LEASE_MS: '30000',
    })
    onTestFinished(server.close)
    const [busy, free] = [await stores.createCode(), await stores.createCode({ maxUses: 20 })]
    const release = await holdRow(busy)
    let answered = 0
    const changes = Array.from({ length: 20 }, async () => {
      const answer = await server.asAdmin('PATCH', `/codes/${busy}`, { max_uses: 5 })
      answered++
      return answer
    })
    await expect.poll(() => answered).toBe(14)
    const people = Array.from({ length: 20 }, (_, n) =>
      server.api.ask('POST', '/api/v1/public/direct-redeem', { body: { email: `p${n}@example.test`, code: free } }),
    )
    expect((await Promise.all(people)).map(({ status }) => status)).toEqual(Array(20).fill(202))
    expect(answered).toBe(14)
    await release()
    const answers = await Promise.all(changes)
    const refused = answers.filter(({ status }) => status === 503)
    expect(refused.length).toBe(14)
    for (const { body, headers } of refused) {
      expect(body.code).toBe('unavailable')
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(answers.filter(({ status }) => status === 200).length).toBe(6)
  })

  test('an administrator who waits too long gets 503, and the place is free again when the work has ended', async () => {
    const server = await startDocumentedServer(stores, { DB_POOL_MAX: '4', REQUEST_DEADLINE_MS: '200' })
    onTestFinished(server.close)
    const code = await stores.createCode()
    const release = await holdRow(code)
    const change = () => server.asAdmin('PATCH', `/codes/${code}`, { max_uses: 5 })
    const answers = await Promise.all([change(), change()])
    expect(answers.map(({ status }) => status)).toEqual([503, 503])
    await release()
    await expect.poll(async () => (await change()).status).toBe(200)
  })
})
