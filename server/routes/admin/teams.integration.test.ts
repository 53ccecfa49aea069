import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DocumentedServer, startDocumentedServer } from '../../testing/documented-server.ts'
import { createTestStores, type TestStores } from '../../testing/test-stores.ts'

describe('groups, teams and seats', () => {
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

  const makeGroup = async (): Promise<number> =>
    (await server.asAdmin('POST', '/groups', { name: `group ${randomUUID()}` })).body.id
  const makeTeam = async (group: number, maxSeats = 5): Promise<number> =>
    (await server.asAdmin('POST', `/groups/${group}/teams`, { name: 'team', max_seats: maxSeats })).body.id
  async function seat(team: number, count: number): Promise<void> {
    await stores.sql(
      `INSERT INTO team_members (team_id, seat_no, redemption_id, email)
       SELECT $1, n, gen_random_uuid(), 'p' || n || '@example.test' FROM generate_series(1, $2::int) AS n`,
      [team, count],
    )
    await stores.sql('UPDATE teams SET seats_taken = $2 WHERE id = $1', [team, count])
  }

  test('a group is made once per name', async () => {
    const made = await server.asAdmin('POST', '/groups', { name: ' Spring ' })
    expect(made).toMatchObject({ status: 201, body: { name: 'Spring' } })
    expect((await server.asAdmin('GET', `/groups/${made.body.id}`)).body).toEqual(made.body)
    const again = await server.asAdmin('POST', '/groups', { name: 'Spring' })
    expect(again).toMatchObject({ status: 409, body: { code: 'name_taken' } })
  })

  test('groups, teams and seats come page by page, each once', async () => {
    const group = await makeGroup()
    await Promise.all([makeGroup(), makeGroup()])
    const teams = [await makeTeam(group), await makeTeam(group), await makeTeam(group)]
    await seat(teams[0] ?? 0, 5)
    for (const [path, key, expected] of [
      ['/groups?', 'id', undefined],
      [`/groups/${group}/teams?`, 'id', teams],
      [`/teams/${teams[0]}/seats?`, 'seat_no', [1, 2, 3, 4, 5]],
    ] as const) {
      const found: number[] = []
      for (let after: string | null = ''; after !== null; ) {
        const { body } = await server.asAdmin('GET', `${path}limit=2${after && `&after=${after}`}`)
        found.push(...body.items.map((item: Record<string, number>) => item[key]))
        after = body.next
      }
      expect(found).toEqual(expected ?? [...new Set(found)].sort((a, b) => a - b))
    }
  })

  test('a team changes its name and its seats, but not below those taken', async () => {
    const team = await makeTeam(await makeGroup())
    await seat(team, 3)
    const change = (changes: object) => server.asAdmin('PATCH', `/teams/${team}`, changes)
    expect(await change({ name: 'new' })).toMatchObject({ status: 200, body: { name: 'new', max_seats: 5 } })
    expect(await change({ max_seats: 2 })).toMatchObject({ status: 409, body: { code: 'below_seats_taken' } })
    expect((await change({ max_seats: 3 })).body).toMatchObject({ max_seats: 3, seats_taken: 3, has_free: false })
    expect((await change({ max_seats: 4 })).body).toMatchObject({ has_free: true })
  })

  test('free seats of a group are those of its teams, and right again after each change', async () => {
    const group = await makeGroup()
    const free = async () => (await server.asAdmin('GET', `/groups/${group}/seats`)).body
    expect(await free()).toEqual({ group_id: group, available: 0 })
    const team = await makeTeam(group, 3)
    await makeTeam(group, 4)
    expect(await free()).toEqual({ group_id: group, available: 7 })
    await server.asAdmin('PATCH', `/teams/${team}`, { max_seats: 5 })
    expect(await free()).toEqual({ group_id: group, available: 9 })
  })

  test('what does not exist: 404', async () => {
    const expected = (code: string) => ({ status: 404, body: { code } })
    const body = { name: 'x', max_seats: 1 }
    expect(await server.asAdmin('GET', '/groups/999999')).toMatchObject(expected('group_not_found'))
    expect(await server.asAdmin('GET', '/groups/999999/teams')).toMatchObject(expected('group_not_found'))
    expect(await server.asAdmin('GET', '/groups/999999/seats')).toMatchObject(expected('group_not_found'))
    expect(await server.asAdmin('POST', '/groups/999999/teams', body)).toMatchObject(expected('group_not_found'))
    expect(await server.asAdmin('PATCH', '/teams/999999', {})).toMatchObject(expected('team_not_found'))
    expect(await server.asAdmin('GET', '/teams/999999/seats')).toMatchObject(expected('team_not_found'))
  })

  test.each<[string, string, object?]>([
    ['POST', '/groups', { name: ' ' }],
    ['POST', '/groups', { name: 'a', id: 5 }],
    ['POST', '/groups', []],
    ['GET', '/groups/x'],
    ['GET', '/groups/0'],
    ['GET', '/groups/99999999999'],
    ['GET', '/groups?after=x'],
    ['POST', '/groups/1/teams', { name: 'a', max_seats: 0 }],
    ['PATCH', '/teams/1', { seats_taken: 0 }],
    ['PATCH', '/teams/1.5', {}],
  ])('%s %s %j: 400', async (method, path, body) => {
    const answer = await server.asAdmin(method, path, body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })
})
