import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCodeMaker } from '../../admin/create-codes.ts'
import { newCode } from '../../admin/new-code.ts'
import { type DocumentedServer, startDocumentedServer } from '../../testing/documented-server.ts'
import { createTestStores, type TestStores } from '../../testing/test-stores.ts'

describe('codes', () => {
  let stores: TestStores
  let server: DocumentedServer
  let group: number
  beforeAll(async () => {
    stores = await createTestStores()
    server = await startDocumentedServer(stores)
    group = (await server.asAdmin('POST', '/groups', { name: 'codes' })).body.id
  })
  afterAll(async () => {
    await server.close()
    await stores.close()
  })

  const make = async (options: object = {}): Promise<string[]> =>
    (await server.asAdmin('POST', '/codes', { group_id: group, ...options })).body.codes
  const redeem = (code: string, email: string, endpoint = 'direct-redeem') =>
    server.api.ask('POST', `/api/v1/public/${endpoint}`, { body: { email, code } })
  const changesOf = async (code: string) =>
    (await stores.sql('SELECT 1 FROM bucket_outbox WHERE code = $1', [code])).length

  test('one by default: shared, with one use', async () => {
    const answer = await server.asAdmin('POST', '/codes', { group_id: group })
    expect(answer.status).toBe(201)
    const [code = ''] = answer.body.codes
    expect(await server.asAdmin('GET', `/codes/${code}`)).toMatchObject({
      status: 200,
      body: { code, group_id: group, kind: 'shared', max_uses: 1, used_count: 0, is_active: true, valid_until: null },
    })
    expect((await redeem(code, 'a@example.test')).status).toBe(202)
    expect((await redeem(code, 'b@example.test')).body).toMatchObject({ code: 'used_up' })
  })

  test('every property is kept', async () => {
    const { body: activity } = await server.asAdmin('POST', '/activities', { name: 'sale', release_per_second: 1 })
    const properties = { max_uses: 7, refill_per_second: 0.5, activity_id: activity.id }
    const [code] = await make({ ...properties, valid_until: '2031-05-06T07:08:09+02:00' })
    const { body } = await server.asAdmin('GET', `/codes/${code}`)
    expect(body).toMatchObject({ ...properties, valid_until: '2031-05-06T05:08:09.000Z' })
  })

  test('a personal code is bound by its first success', async () => {
    const [code = ''] = await make({ kind: 'personal' })
    expect((await redeem(code, 'a@example.test', 'redeem')).status).toBe(202)
    const { body } = await server.asAdmin('GET', `/codes/${code}`)
    expect(body).toMatchObject({ kind: 'personal', used_count: 1, bound_email: 'a@example.test' })
    expect(body.activated_at).not.toBeNull()
  })

  test('10 000 in one request, each of its own, each with a row for its bucket', async () => {
    const codes = await make({ count: 10_000 })
    expect(new Set(codes).size).toBe(10_000)
    const [told] = await stores.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM bucket_outbox WHERE code = ANY($1::text[])',
      [codes],
    )
    expect(told?.count).toBe(10_000)
  })

  test('codes that exist, or are drawn twice, are drawn again', async () => {
    const [taken = ''] = await make()
    const fresh = [newCode(), newCode(), newCode()] as const
    const draws = [taken, fresh[0], fresh[0], taken, fresh[1], fresh[2]]
    const maker = createCodeMaker(stores.db, () => draws.shift() ?? newCode())
    const wanted = { group_id: group, count: 3, kind: 'shared', max_uses: 1 } as const
    expect((await maker(wanted)).sort()).toEqual([...fresh].sort())
    expect(await changesOf(taken)).toBe(1)
  })

  test('a source that only draws what exists: given up, and nothing was made', async () => {
    const [taken = ''] = await make()
    const other = newCode()
    const draws = [other]
    const maker = createCodeMaker(stores.db, () => draws.shift() ?? taken)
    const wanted = { group_id: group, count: 2, kind: 'shared', max_uses: 1 } as const
    await expect(maker(wanted)).rejects.toThrow('No codes are found')
    expect((await server.asAdmin('GET', `/codes/${other}`)).status).toBe(404)
    expect(await changesOf(other)).toBe(0)
  })

  test('the list, page by page and filtered', async () => {
    const own = (await server.asAdmin('POST', '/groups', { name: randomUUID() })).body.id
    const shared = await make({ group_id: own, count: 5 })
    const personal = await make({ group_id: own, count: 2, kind: 'personal' })
    const [first = ''] = shared
    await server.asAdmin('PATCH', `/codes/${first}`, { is_active: false })
    async function collect(filter: string): Promise<string[]> {
      const found: string[] = []
      for (let after = ''; ; ) {
        const { body } = await server.asAdmin('GET', `/codes?limit=2&group_id=${own}${filter}${after}`)
        expect(body.items.length).toBeLessThanOrEqual(2)
        found.push(...body.items.map(({ code }: { code: string }) => code))
        if (body.next === null) return found
        after = `&after=${body.next}`
      }
    }
    expect((await collect('')).sort()).toEqual([...shared, ...personal].sort())
    expect((await collect('&kind=personal')).sort()).toEqual([...personal].sort())
    expect(await collect('&active=false')).toEqual([first])
    expect((await collect('&kind=shared&active=true')).sort()).toEqual(shared.slice(1).sort())
  })

  test('changes: deactivated, prolonged, raised; each tells the bucket', async () => {
    const [code = ''] = await make({ valid_until: '2020-01-01T00:00:00Z' })
    expect((await redeem(code, 'a@example.test')).body).toMatchObject({ code: 'expired' })
    const prolonged = await server.asAdmin('PATCH', `/codes/${code}`, { valid_until: null, max_uses: 2 })
    expect(prolonged).toMatchObject({ status: 200, body: { valid_until: null, max_uses: 2, is_active: true } })
    expect((await redeem(code, 'a@example.test')).status).toBe(202)
    expect((await redeem(code, 'b@example.test')).status).toBe(202)
    await server.asAdmin('PATCH', `/codes/${code}`, { is_active: false })
    expect((await redeem(code, 'c@example.test')).body).toMatchObject({ code: 'code_not_found' })
    expect(await changesOf(code)).toBe(3)
  })

  test('max_uses cannot fall below what is taken, and personal codes have one use', async () => {
    const [code = ''] = await make({ max_uses: 3 })
    await redeem(code, 'a@example.test')
    await redeem(code, 'b@example.test')
    const lower = (max_uses: number) => server.asAdmin('PATCH', `/codes/${code}`, { max_uses, is_active: false })
    expect(await lower(1)).toMatchObject({ status: 409, body: { code: 'below_used_count' } })
    expect((await server.asAdmin('GET', `/codes/${code}`)).body).toMatchObject({ max_uses: 3, is_active: true })
    expect((await lower(2)).status).toBe(200)
    const [personal] = await make({ kind: 'personal' })
    const second = await server.asAdmin('PATCH', `/codes/${personal}`, { max_uses: 2 })
    expect(second).toMatchObject({ status: 409, body: { code: 'personal_code' } })
  })

  test.each<[string, object, string]>([
    ['no group', {}, 'group_id'],
    ['too many', { group_id: 1, count: 10_001 }, 'count'],
    ['none', { group_id: 1, count: 0 }, 'count'],
    ['half a code', { group_id: 1, count: 1.5 }, 'count'],
    ['a number as text', { group_id: '1' }, 'group_id'],
    ['more than an integer holds', { group_id: 1, max_uses: 2 ** 31 }, 'max_uses'],
    ['a group beyond all integers', { group_id: 2 ** 40 }, 'group_id'],
    ['an unknown kind', { group_id: 1, kind: 'secret' }, 'kind'],
    ['two uses of a personal code', { group_id: 1, kind: 'personal', max_uses: 2 }, 'max_uses'],
    ['a time without an offset', { group_id: 1, valid_until: '2030-01-01T00:00:00' }, 'valid_until'],
    ['a day that does not exist', { group_id: 1, valid_until: '2030-02-30T00:00:00Z' }, 'valid_until'],
    ['the year 0', { group_id: 1, valid_until: '0000-01-01T00:00:00Z' }, 'valid_until'],
    ['no refill at all', { group_id: 1, refill_per_second: 0 }, 'refill_per_second'],
    ['an activity that is no id', { group_id: 1, activity_id: 'x' }, 'activity_id'],
    ['a field too many', { group_id: 1, used_count: 5 }, 'used_count'],
  ])('%s: 400', async (_, body, field) => {
    const answer = await server.asAdmin('POST', '/codes', body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(answer.body.detail).toContain(field)
  })

  test.each([
    '/codes?limit=201',
    '/codes?limit=0',
    '/codes?limit=x',
    '/codes?limit=1&limit=2',
    '/codes?active=1',
    '/codes?group_id=0',
    '/codes?sort=code',
    '/codes?after=a%00b',
    `/codes/${'C'.repeat(65)}`,
    '/codes/a%20b',
    '/codes/%E0',
  ])('%s: 400', async (path) => {
    expect((await server.asAdmin('GET', path)).status).toBe(400)
  })

  test('a group, an activity or a code that does not exist: 404', async () => {
    const missing = await server.asAdmin('POST', '/codes', { group_id: 999_999 })
    expect(missing).toMatchObject({ status: 404, body: { code: 'group_not_found' } })
    const activity = await server.asAdmin('POST', '/codes', { group_id: group, activity_id: randomUUID() })
    expect(activity).toMatchObject({ status: 404, body: { code: 'activity_not_found' } })
    for (const answer of [await server.asAdmin('GET', '/codes/NONE'), await server.asAdmin('PATCH', '/codes/NONE', {})])
      expect(answer).toMatchObject({ status: 404, body: { code: 'code_not_found' } })
  })
})
