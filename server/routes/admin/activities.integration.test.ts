import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DocumentedServer, startDocumentedServer } from '../../testing/documented-server.ts'
import { createTestStores, type TestStores } from '../../testing/test-stores.ts'

describe('activities', () => {
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

  const make = async (options: object = {}) =>
    (await server.asAdmin('POST', '/activities', { name: 'sale', release_per_second: 10, ...options })).body
  const turn = async (id: string, verb: string) => (await server.asAdmin('POST', `/activities/${id}/${verb}`)).body
  const change = (id: string, changes: object) => server.asAdmin('PATCH', `/activities/${id}`, changes)
  /** As if it had been opened so long ago. */
  const age = (id: string, seconds: number) =>
    stores.sql('UPDATE activities SET opened_at = opened_at - make_interval(secs => $2) WHERE id = $1', [id, seconds])

  test('it begins as a draft of a tenant, and can be read', async () => {
    const made = await make({ start_at: '2030-01-01T00:00:00Z', end_at: '2030-01-02T00:00:00+01:00' })
    expect(made).toMatchObject({ tenant: 'public', status: 'draft', released_before: 0, opened_at: null })
    expect(made).toMatchObject({ start_at: '2030-01-01T00:00:00.000Z', end_at: '2030-01-01T23:00:00.000Z' })
    expect((await server.asAdmin('GET', `/activities/${made.id}`)).body).toEqual(made)
    expect((await make({ tenant: 'shop-1' })).tenant).toBe('shop-1')
    const { body } = await server.asAdmin('GET', '/activities?limit=1')
    expect(body.items.length).toBe(1)
    expect((await server.asAdmin('GET', `/activities?after=${body.next}`)).body.items.length).toBeGreaterThan(0)
  })

  test('opened, closed, opened again: who was released stays so, and nobody is while it is closed', async () => {
    const { id } = await make()
    const opened = await turn(id, 'open')
    expect(opened).toMatchObject({ status: 'open', released_before: 0 })
    expect(await turn(id, 'open')).toMatchObject({ opened_at: opened.opened_at, released_before: 0 })
    await age(id, 100)
    const closed = await turn(id, 'close')
    expect(closed).toMatchObject({ status: 'closed', opened_at: null })
    expect(closed.released_before).toBeGreaterThanOrEqual(1_000)
    expect(await turn(id, 'close')).toMatchObject({ status: 'closed', released_before: closed.released_before })
    expect(await turn(id, 'open')).toMatchObject({ status: 'open', released_before: closed.released_before })
  })

  test('another rate counts from now on', async () => {
    const { id } = await make()
    const { opened_at } = await turn(id, 'open')
    await age(id, 50)
    const { body } = await change(id, { release_per_second: 0.1 })
    expect(body.released_before).toBeGreaterThanOrEqual(500)
    expect(body.released_before).toBeLessThan(5_000)
    expect(new Date(body.opened_at).getTime()).toBeGreaterThan(new Date(opened_at).getTime())
    expect(body.release_per_second).toBe(0.1)
    const [clock] = await stores.sql<{ off: number }>(
      'SELECT extract(epoch FROM now() - opened_at)::float8 AS off FROM activities WHERE id = $1',
      [id],
    )
    expect(clock?.off).toBeGreaterThanOrEqual(0)
  })

  test('who waits sees each change: opened, and closed again', async () => {
    const { id } = await make()
    const enter = (user: string) =>
      server.api.ask('POST', '/api/v1/queue/enter', { body: { activity_id: id, user_hash: user } })
    expect((await enter('a')).status).toBe(409)
    await turn(id, 'open')
    await expect.poll(async () => (await enter('a')).status).toBe(200)
    await turn(id, 'close')
    await expect.poll(async () => (await enter('b')).status).toBe(409)
  })

  test('many changes at once lose nobody', async () => {
    const { id } = await make()
    await turn(id, 'open')
    await age(id, 10)
    const answers = await Promise.all(Array.from({ length: 6 }, () => change(id, { release_per_second: 0.001 })))
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
    const { body } = await server.asAdmin('GET', `/activities/${id}`)
    expect(body.released_before).toBe(Math.max(...answers.map(({ body }) => body.released_before)))
    expect(body.released_before).toBeGreaterThanOrEqual(100)
  })

  test('the rate of a draft is just its rate', async () => {
    const { id } = await make()
    const changed = await change(id, { release_per_second: 3, name: 'other', end_at: '2031-01-01T00:00:00Z' })
    expect(changed.body).toMatchObject({ name: 'other', release_per_second: 3, released_before: 0, opened_at: null })
    expect((await change(id, { end_at: null })).body.end_at).toBeNull()
  })

  test('each change is newer than the one before it', async () => {
    const made = await make()
    const opened = await turn(made.id, 'open')
    const changed = (await change(made.id, { name: 'x' })).body
    expect(opened.updated_at >= made.updated_at && changed.updated_at >= opened.updated_at).toBe(true)
  })

  test.each<[string, object]>([
    ['ends before it starts', { start_at: '2030-01-02T00:00:00Z', end_at: '2030-01-01T00:00:00Z' }],
    ['no rate', { release_per_second: 0 }],
    ['a rate beyond reason', { release_per_second: 1e9 }],
    ['no name', { name: '' }],
    ['a tenant that no key can hold', { tenant: 'a}b' }],
    ['a field too many', { status: 'open' }],
  ])('%s: 400', async (_, options) => {
    const body = { name: 'sale', release_per_second: 1, ...options }
    expect(await server.asAdmin('POST', '/activities', body)).toMatchObject({ status: 400 })
  })

  test('a change that would end it before its start: 400; of the tenant: 400', async () => {
    const { id } = await make({ start_at: '2030-01-02T00:00:00Z' })
    expect((await change(id, { end_at: '2030-01-01T00:00:00Z' })).status).toBe(400)
    expect((await change(id, { tenant: 'x' })).status).toBe(400)
  })

  test('one that does not exist: 404; an id that is none: 400', async () => {
    const id = randomUUID()
    const answers = [
      await server.asAdmin('GET', `/activities/${id}`),
      await change(id, { name: 'x' }),
      await server.asAdmin('POST', `/activities/${id}/open`),
      await server.asAdmin('POST', `/activities/${id}/close`),
    ]
    for (const answer of answers) expect(answer).toMatchObject({ status: 404, body: { code: 'activity_not_found' } })
    expect((await server.asAdmin('GET', '/activities/1')).status).toBe(400)
  })
})
