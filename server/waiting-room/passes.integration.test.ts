import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { LIMITER_MODES } from '../limiters/limiter.ts'
import type { RunningServer } from '../start-server.ts'
import { createTcpProxy } from '../testing/tcp-proxy.ts'
import { type Answer, createTestRooms, TEST_SECRET, type TestRooms } from '../testing/test-rooms.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

const PATIENCE = { timeout: 20_000, interval: 10 }

describe('passes', () => {
  let stores: TestStores
  let rooms: TestRooms
  beforeAll(async () => {
    stores = await createTestStores()
    rooms = createTestRooms(stores)
  })
  afterAll(async () => {
    rooms.close()
    await stores.close()
  })

  const answerOf = ({ status, body }: Answer) => (status === 202 ? 202 : body.code)

  /** Somebody who was released. */
  async function release(server: RunningServer, activityId: string, user: string = randomUUID()) {
    const { body } = await rooms.enter(server, activityId, user, { address: randomUUID() })
    const ask = async () => (await rooms.status(server, activityId, body.session_id)).body
    await expect.poll(async () => (await ask()).pass, PATIENCE).not.toBeNull()
    return { session: body.session_id as string, ask, pass: (await ask()).pass as string }
  }

  test.each(LIMITER_MODES)('%s: a code of an activity takes a pass of that activity, once', async (mode) => {
    const server = await rooms.start({ LIMITER_MODE: mode })
    const [activityId, foreignActivity] = [await stores.createActivity(), await stores.createActivity()]
    const [code, otherCode] = [await stores.createCode({ activityId }), await stores.createCode({ activityId })]
    const { pass, ask } = await release(server, activityId)
    const foreign = await release(server, foreignActivity)
    const redeem = async (email: string, shown?: string, asked = code) =>
      answerOf(await rooms.redeem(server, asked, email, shown))

    expect(await redeem('a@example.test')).toBe('pass_required')
    expect(await redeem('a@example.test', foreign.pass)).toBe('pass_invalid')
    const accepted = await rooms.redeem(server, code, 'a@example.test', pass)
    expect(accepted.status).toBe(202)
    expect((await rooms.redeem(server, code, ' A@example.test', pass)).body.redemption_id).toBe(
      accepted.body.redemption_id,
    )
    expect(await redeem('b@example.test', pass)).toBe('pass_used')
    expect(await redeem('a@example.test', pass, otherCode)).toBe('pass_used')
    // A fresh one is good for the same again, which may have been refunded, and for nothing else.
    const { pass: fresh } = await ask()
    expect(await redeem('a@example.test', fresh)).toBe(202)
    expect(await redeem('a@example.test', fresh, otherCode)).toBe('pass_used')
    // A refusal has freed the foreign one for what it is for.
    const foreignCode = await stores.createCode({ activityId: foreignActivity })
    expect(await redeem('c@example.test', foreign.pass, foreignCode)).toBe(202)
    await stores.settle()
  })

  test('many who share one pass: one of them gets in', async () => {
    const activityId = await stores.createActivity()
    const servers = [await rooms.start(), await rooms.start()] as const
    const code = await stores.createCode({ activityId, maxUses: 100 })
    const { pass } = await release(servers[0], activityId)
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => rooms.redeem(servers[n % 2 ? 1 : 0], code, `p${n}@example.test`, pass)),
    )
    expect(answers.filter(({ status }) => status === 202).length).toBe(1)
    expect(answers.filter((answer) => answerOf(answer) === 'pass_used').length).toBe(39)
    expect(await stores.settle()).toBe(1)
  })

  test('one that was refused can be used for another code', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start()
    const soldOut = await stores.createCode({ activityId, maxUses: 0 })
    const { pass } = await release(server, activityId)
    expect(answerOf(await rooms.redeem(server, soldOut, 'a@example.test', pass))).toBe('used_up')
    expect(answerOf(await rooms.redeem(server, 'NO-SUCH-CODE', 'a@example.test', pass))).toBe('code_not_found')
    const code = await stores.createCode({ activityId })
    expect(answerOf(await rooms.redeem(server, code, 'b@example.test', pass))).toBe(202)
    await stores.settle()
  })

  test('lasts as long as it says, by the time of Redis; status gives a fresh one', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start({ PASS_LIFETIME_SECONDS: '1' })
    const code = await stores.createCode({ activityId })
    const { pass, ask, session } = await release(server, activityId)
    expect(decodeJwt(pass)).toMatchObject({ jti: session, activity: activityId, tenant: 'public' })
    await sleep(1_050)
    expect(answerOf(await rooms.redeem(server, code, 'a@example.test', pass))).toBe('pass_invalid')
    const fresh = await ask()
    expect(new Date(fresh.pass_expires_at).getTime()).toBe(Math.round((decodeJwt(fresh.pass).exp ?? 0) * 1_000))
    const redeem = async () => answerOf(await rooms.redeem(server, code, 'a@example.test', (await ask()).pass))
    await expect.poll(redeem, PATIENCE).toBe(202)
    await stores.settle()
  })

  test('nobody makes one', async () => {
    const activityId = await stores.createActivity()
    const server = await rooms.start()
    const code = await stores.createCode({ activityId })
    const { pass } = await release(server, activityId)
    const claims = decodeJwt(pass)
    const [header = '', payload = '', signature = ''] = pass.split('.')
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const withSecret = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(TEST_SECRET))
    const longer = encode({ ...claims, exp: (claims.exp ?? 0) + 1e6 })
    const hs512 = `${encode({ alg: 'HS512', typ: 'JWT' })}.${payload}`
    const forged = [
      'x',
      '',
      `${encode({ alg: 'none' })}.${payload}.`,
      `${header}.${longer}.${signature}`,
      `${header}.${encode({ ...claims, jti: randomUUID() })}.${signature}`,
      `${hs512}.${createHmac('sha512', TEST_SECRET).update(hs512).digest('base64url')}`,
      withSecret,
      await rooms.tenantToken({ role: 'tenant', tenant: 'public' }),
      await rooms.tenantToken({ role: 'admin' }),
    ]
    for (const token of forged)
      expect(answerOf(await rooms.redeem(server, code, 'a@example.test', token))).toBe('pass_invalid')
    // Nor is a pass anything else.
    expect((await rooms.enter(server, activityId, 'user', { token: pass })).status).toBe(401)
    expect(answerOf(await rooms.redeem(server, code, 'a@example.test', pass))).toBe(202)
    await stores.settle()
  })

  test('an outcome that nobody knows keeps it for the same person and code', async () => {
    const activityId = await stores.createActivity()
    const proxy = await createTcpProxy(stores.databaseUrl)
    onTestFinished(proxy.close)
    const server = await rooms.start({ LIMITER_MODE: 'none', DATABASE_URL: proxy.url, REQUEST_DEADLINE_MS: '2000' })
    const code = await stores.createCode({ activityId })
    const { pass, ask } = await release(server, activityId)
    proxy.cut()
    expect(answerOf(await rooms.redeem(server, code, 'a@example.test', pass))).toBe('unavailable')
    expect(answerOf(await rooms.redeem(server, code, 'b@example.test', pass))).toBe('pass_used')
    proxy.heal()
    await expect.poll(async () => (await ask()).pass, PATIENCE).not.toBeNull()
    const redeem = async () => answerOf(await rooms.redeem(server, code, 'a@example.test', pass))
    await expect.poll(redeem, PATIENCE).toBe(202)
    expect(answerOf(await rooms.redeem(server, code, 'b@example.test', pass))).toBe('pass_used')
  })

  test('whoever comes without one costs no round trip more', async () => {
    const server = await rooms.start()
    const code = await stores.createCode()
    const trips = async () => {
      const metrics = await (await fetch(`${server.opsUrl}/metrics`)).text()
      return Number(/^redis_round_trips_total\{cause="request"\} (\d+)/m.exec(metrics)?.[1])
    }
    await rooms.redeem(server, code, 'a@example.test')
    const before = await trips()
    expect((await rooms.redeem(server, code, 'b@example.test')).status).toBe(202)
    expect((await trips()) - before).toBe(1)
    await stores.settle()
  })
})
