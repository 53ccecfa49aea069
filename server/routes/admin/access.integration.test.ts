import { randomUUID } from 'node:crypto'
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serverConfig } from '../../config.ts'
import { parseEnvironment } from '../../environment.ts'
import {
  ADMIN_SECRET,
  type DocumentedServer,
  signToken,
  startDocumentedServer,
} from '../../testing/documented-server.ts'
import { createTestStores, type TestStores } from '../../testing/test-stores.ts'

const KEY = new TextEncoder().encode(ADMIN_SECRET)
const claims = { role: 'admin' }

describe('access to the admin API', () => {
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

  const askWith = (authorization?: string) =>
    server.api.ask('GET', '/api/v1/admin/groups', { headers: authorization === undefined ? {} : { authorization } })
  const signed = (alg: string, key: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).setExpirationTime('1h').sign(key)
  const tampered = async () => {
    const [header, , signature] = (await signToken({ role: 'tenant' })).split('.')
    const payload = Buffer.from(JSON.stringify({ ...claims, exp: 9_999_999_999 })).toString('base64url')
    return `${header}.${payload}.${signature}`
  }

  test('an administrator comes in', async () => {
    expect((await askWith(`Bearer ${await signToken(claims)}`)).status).toBe(200)
    expect((await askWith(`bearer ${await signToken(claims)}`)).status).toBe(200)
  })

  test.each<[string, () => Promise<string> | string]>([
    ['nothing of a token', () => 'x'],
    ['alg none', () => new UnsecuredJWT(claims).setExpirationTime('1h').encode()],
    ['HS512 with the right secret', () => signed('HS512', new TextEncoder().encode(ADMIN_SECRET.repeat(2)))],
    ['HS384 with the right secret', () => signed('HS384', KEY)],
    ['RS256', async () => signed('RS256', (await generateKeyPair('RS256')).privateKey)],
    ['a signature by another secret', () => signToken(claims, { secret: randomUUID() })],
    ['a payload that somebody changed', tampered],
    ['one that has expired', () => signToken(claims, { expires: '-1s' })],
    ['one that never ends', () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(KEY)],
    ['one of another type', () => signToken(claims, { typ: 'at+jwt' })],
    [
      'one without a type',
      () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(KEY),
    ],
  ])('%s: 401', async (_, sign) => {
    const answer = await askWith(`Bearer ${await sign()}`)
    expect(answer.status).toBe(401)
    expect(answer.body).toMatchObject({ code: 'unauthorised' })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  })

  test.each([undefined, 'Basic YTpi', 'Bearer', 'Bearer a b'])(
    '%s: 401, and which scheme is wanted',
    async (authorization) => {
      const answer = await askWith(authorization)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    },
  )

  test.each([{ role: 'tenant' }, { role: ['admin'] }, {}])('the claims %j: 403', async (other) => {
    const answer = await askWith(`Bearer ${await signToken(other)}`)
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  })

  test('nobody posts a large body without a token', async () => {
    const answer = await server.api.ask('POST', '/api/v1/admin/groups', { body: { name: 'x'.repeat(500_000) } })
    expect(answer.status).toBe(401)
  })

  test('without a secret it is not there, nor in the document', async () => {
    const closed = await startDocumentedServer(stores, { ADMIN_JWT_SECRET: '' })
    onTestFinished(closed.close)
    const headers = { authorization: `Bearer ${await signToken(claims)}` }
    const response = await fetch(new URL('/api/v1/admin/groups', closed.url), { headers })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'no_such_route' })
    expect(Object.keys(closed.api.document.paths).filter((path) => path.includes('/admin/'))).toEqual([])
  })

  test('a secret is measured in bytes', () => {
    const parse = (secret: string) =>
      parseEnvironment(serverConfig, { DATABASE_URL: 'postgres://x', REDIS_URL: 'redis://x', ADMIN_JWT_SECRET: secret })
    expect(() => parse('x'.repeat(31))).toThrow('ADMIN_JWT_SECRET: expected at least 32 bytes (got "31 characters")')
    expect(parse('ü'.repeat(16)).ADMIN_JWT_SECRET).toBe('ü'.repeat(16))
    expect(() => parse('ü'.repeat(15))).toThrow('expected at least 32 bytes')
  })
})
