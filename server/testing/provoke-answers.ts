import { randomUUID } from 'node:crypto'
import { createLogger } from '../logger.ts'
import { createRefunds } from '../redeem/refunds.ts'
import { createSeatCalculator } from '../redeem/seats.ts'
import type { DocumentedApi } from './documented-api.ts'
import { type DocumentedServer, signToken } from './documented-server.ts'
import type { TestStores } from './test-stores.ts'

/** A sound request to each route, by its operation; ids are such that nothing has them. */
const PATHS: Record<string, string> = { '{code}': 'NO-SUCH-CODE' }
const BODIES: Record<string, unknown> = {
  redeemShared: { email: 'a@example.test', code: 'NO-SUCH-CODE' },
  redeemPersonal: { email: 'a@example.test', code: 'NO-SUCH-CODE' },
  rebind: { email: 'a@example.test', code: 'NO-SUCH-CODE' },
  createCodes: { group_id: 999_999 },
  changeCode: {},
  repairCode: {},
  createGroup: { name: 'a group' },
  createTeam: { name: 'a team', max_seats: 5 },
  changeTeam: {},
  createActivity: { name: 'an activity', release_per_second: 1 },
  changeActivity: {},
  enterQueue: { activity_id: randomUUID(), user_hash: 'somebody' },
}
const QUERIES: Record<string, string> = { findPlace: `?activity_id=${randomUUID()}&session_id=${randomUUID()}` }
const TOO_LARGE = JSON.stringify({ name: 'x'.repeat(1_100_000) })

/** Sends a sound request to every route: what does not exist is not found, and without its stores nothing is. */
export async function askEverything(api: DocumentedApi): Promise<void> {
  const authorization = `Bearer ${await signToken({ role: 'admin' })}`
  for (const { id, method, path, token } of operationsOf(api)) {
    const headers: Record<string, string> = token === 'needed' ? { authorization } : {}
    await api.ask(method, fill(path) + (QUERIES[id] ?? ''), { body: BODIES[id], headers })
  }
}

/** Makes every mistake that can be made with any route. */
export async function makeMistakes(api: DocumentedApi): Promise<void> {
  const authorization = `Bearer ${await signToken({ role: 'admin' })}`
  const tenant = `Bearer ${await signToken({ role: 'tenant', tenant: 'x' })}`
  for (const { id, method, path, token } of operationsOf(api)) {
    const ask = (options: Parameters<DocumentedApi['ask']>[2] = {}) =>
      api.ask(method, fill(path), { ...options, headers: { authorization, ...options.headers } })
    if (token !== undefined && method === 'GET')
      await api.ask(method, `${fill(path)}?nonsense=1`, { headers: { authorization } })
    if (token === 'needed') {
      await api.ask(method, fill(path))
      await ask({ headers: { authorization: tenant } })
    }
    if (token === 'optional') {
      const wish = fill(path) + (QUERIES[id] ?? '')
      for (const other of ['Bearer x', authorization])
        await api.ask(method, wish, { body: BODIES[id], headers: { authorization: other } })
    }
    if (method === 'GET') continue
    await ask({ body: '{' })
    await ask({ body: TOO_LARGE })
    await ask({ body: {}, headers: { 'content-encoding': 'unknown' } })
  }
}

function operationsOf({ document }: DocumentedApi) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId, security }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path,
      token: security && (security.every((scheme) => 'bearer' in scheme) ? 'needed' : 'optional'),
    })),
  )
}

const fill = (path: string) =>
  path.replace(/\{\w+\}/g, (name) => PATHS[name] ?? (/activities|redemptions/.test(path) ? randomUUID() : '999999'))

/** Each answer of the public routes that depends on what there is. The server's mode is `token-bucket`. */
export async function provokePublic({ api }: DocumentedServer, stores: TestStores): Promise<void> {
  const redemptions = '/api/v1/public/redemptions'
  for (const [path, kind] of [
    ['direct-redeem', 'shared'],
    ['redeem', 'personal'],
  ] as const) {
    const redeem = (code: string, email = 'a@example.test', headers: Record<string, string> = {}) =>
      api.ask('POST', `/api/v1/public/${path}`, { body: { code, email }, headers })
    const code = await stores.createCode({ kind, maxUses: 1, refillPerSecond: 0.001 })
    const key = { 'idempotency-key': randomUUID() }
    const { body } = await redeem(code, 'a@example.test', key)
    await redeem(code, 'b@example.test', key)
    await stores.settle()
    await api.ask('GET', `${redemptions}/${body.redemption_id}`)
    await createRefunds({
      ...stores,
      seats: createSeatCalculator(stores),
      logger: createLogger('silent', 'test'),
    }).refund(body.redemption_id, 'no_seat')
    await redeem(code, 'c@example.test')
    await api.expectDocumented('GET', await fetch(new URL(`${redemptions}/${body.redemption_id}/events`, api.url)))
    await redeem(await stores.createCode({ kind, maxUses: 0 }))
    await redeem(await stores.createCode({ kind, validUntil: new Date(0) }))
    await redeem(await stores.createCode({ kind, activityId: await stores.createActivity() }))
  }
  for (const path of ['%E0', '%E0/events']) await api.ask('GET', `${redemptions}/${path}`)
  const code = await stores.createCode({ seats: 1 })
  const rebind = () => api.ask('POST', '/api/v1/public/rebind', { body: { code, email: 'a@example.test' } })
  await seat(stores, code)
  await rebind()
  await stores.sql(
    `INSERT INTO teams (group_id, name, max_seats) SELECT group_id, 'other', 1 FROM redeem_codes WHERE code = $1`,
    [code],
  )
  await rebind()
}

/** Each answer of the waiting room that depends on what there is. */
export async function provokeQueue({ api, asAdmin }: DocumentedServer, stores: TestStores): Promise<void> {
  const enter = (activity: string, user: string) =>
    api.ask('POST', '/api/v1/queue/enter', { body: { activity_id: activity, user_hash: user } })
  await enter((await asAdmin('POST', '/activities', { name: 'draft', release_per_second: 1 })).body.id, 'somebody')
  const activity = await stores.createActivity()
  const { body } = await enter(activity, 'somebody')
  await api.ask('GET', `/api/v1/queue/status?activity_id=${activity}&session_id=${body.session_id}`)
  // 10 a minute per address.
  for (let other = 0; other < 10; other++) await enter(activity, `other-${other}`)
}

/** A redemption that was sent, and its seat. */
async function seat({ sql }: TestStores, code: string): Promise<void> {
  const id = randomUUID()
  await sql(
    `WITH team AS (
       UPDATE teams SET seats_taken = 1 WHERE group_id = (SELECT group_id FROM redeem_codes WHERE code = $2) RETURNING id
     ), seat AS (
       INSERT INTO team_members (team_id, seat_no, redemption_id, email) SELECT id, 1, $1, 'a@example.test' FROM team
     )
     INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at, sent_at, team_id)
     SELECT $1, $2, 'a@example.test', 'sent', now(), now(), now(), id FROM team`,
    [id, code],
  )
}

/** Each answer of the administrators' routes that depends on what there is. */
export async function provokeAdmin({ asAdmin }: DocumentedServer, stores: TestStores): Promise<void> {
  const group = (await asAdmin('POST', '/groups', { name: 'provoked' })).body.id
  await asAdmin('POST', '/groups', { name: 'provoked' })
  const team = (await asAdmin('POST', `/groups/${group}/teams`, { name: 'team', max_seats: 2 })).body.id
  const [code] = (await asAdmin('POST', '/codes', { group_id: group, max_uses: 5 })).body.codes
  const activity = (await asAdmin('POST', '/activities', { name: 'sale', release_per_second: 5 })).body.id
  await stores.sql('UPDATE redeem_codes SET used_count = 2 WHERE code = $1', [code])
  await stores.sql('UPDATE teams SET seats_taken = 2 WHERE id = $1', [team])
  const paths = [
    '/groups',
    '/codes',
    '/activities',
    '/statistics',
    `/groups/${group}`,
    `/groups/${group}/teams`,
    `/groups/${group}/seats`,
  ]
  for (const path of [...paths, `/teams/${team}/seats`, `/codes/${code}`, `/activities/${activity}`])
    await asAdmin('GET', path)
  await asAdmin('GET', `/codes/${code}/repair`)
  await asAdmin('POST', `/codes/${code}/repair`, {})
  for (const uses of [1, 3]) await asAdmin('PATCH', `/codes/${code}`, { max_uses: uses })
  for (const seats of [1, 3]) await asAdmin('PATCH', `/teams/${team}`, { max_seats: seats })
  await asAdmin('PATCH', `/activities/${activity}`, { name: 'other' })
  for (const verb of ['open', 'close']) await asAdmin('POST', `/activities/${activity}/${verb}`)
}
