import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DocumentedServer, startDocumentedServer } from '../../testing/documented-server.ts'
import { createTestStores, type TestStores } from '../../testing/test-stores.ts'

describe('repair by an administrator', () => {
  let stores: TestStores
  let server: DocumentedServer
  beforeAll(async () => {
    stores = await createTestStores()
    server = await startDocumentedServer(stores)
  })
  afterAll(async () => {
    await server.close()
    await stores.close()
  })

  const usedCount = async (code: string) =>
    (await stores.sql<{ used: number }>('SELECT used_count AS used FROM redeem_codes WHERE code = $1', [code]))[0]?.used

  test('shows a wrong count, says what it would do, and does it when told to', async () => {
    const code = await stores.createCode()
    await server.api.ask('POST', '/api/v1/public/direct-redeem', { body: { code, email: 'a@example.test' } })
    await stores.sql('UPDATE redeem_codes SET used_count = 7 WHERE code = $1', [code])
    const path = `/codes/${code}/repair`
    const { body: shown } = await server.asAdmin('GET', path)
    expect(shown).toMatchObject({ ledger: { used_count: 7, derived_count: 1, in_flight: 1 } })
    expect(shown.differences).toMatchObject([{ part: 'used_count', size: 6 }])
    const { body: dry } = await server.asAdmin('POST', path, {})
    expect(dry).toMatchObject({ dry_run: true, actions: [expect.any(String)] })
    expect(await usedCount(code)).toBe(7)
    await server.asAdmin('POST', path, { dry_run: false })
    expect(await usedCount(code)).toBe(1)
    expect((await server.asAdmin('GET', path)).body.differences).toEqual([])
  })

  test('an unknown code is 404', async () => {
    expect(await server.asAdmin('GET', '/codes/NO-SUCH-CODE/repair')).toMatchObject({ status: 404 })
    expect(await server.asAdmin('POST', '/codes/NO-SUCH-CODE/repair', {})).toMatchObject({ status: 404 })
  })
})
