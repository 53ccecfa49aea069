import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRedisProcess } from '../server/testing/redis-process.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { forkProcess } from './testing/fork-process.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { createTestSystem, post } from './testing/test-system.ts'

/** Each stands where such a thing stands in real life; none may be read in any log. */
const PLANTED = {
  redisPassword: `redis-${randomUUID()}`,
  smtpPassword: `smtp-${randomUUID()}`,
  adminSecret: `admin-${randomUUID()}-${randomUUID()}`,
  boardPassword: `board-${randomUUID()}`,
  bearerToken: `eyJhbGciOiJIUzI1NiJ9.${randomUUID()}`,
  pass: `pass-${randomUUID()}`,
  idempotencyKey: `key-${randomUUID()}`,
  cookie: `session=${randomUUID()}`,
  wrongCode: `WRONG-${randomUUID()}`,
  person: `planted-${randomUUID()}`,
} as const

const PROXY_REQUEST_ID = randomUUID()

let stores: TestStores
let sink: SmtpSink
let redis: Awaited<ReturnType<typeof startRedisProcess>>
beforeAll(async () => {
  redis = await startRedisProcess([])
  await redis.admin.config('SET', 'requirepass', PLANTED.redisPassword)
  stores = await createTestStores({ redisUrl: `redis://:${PLANTED.redisPassword}@127.0.0.1:${redis.port}` })
  sink = await startSmtpSink()
})
afterAll(async () => {
  await sink?.close()
  await stores?.close()
  await redis?.stop()
})

test('no log of any process holds a secret or a person, whatever goes wrong', async () => {
  const smtp = new URL(sink.url)
  smtp.username = 'mailer'
  smtp.password = PLANTED.smtpPassword
  const environment = createTestSystem(stores, {
    SMTP_URL: smtp.href,
    ADMIN_JWT_SECRET: PLANTED.adminSecret,
    BOARD_PASSWORD: PLANTED.boardPassword,
    LOG_LEVEL: 'trace',
    SLOW_QUERY_MS: '1',
    REQUEST_DEADLINE_MS: '10000',
    TRUST_PROXY_HOPS: '1',
  }).environment()
  const [server, scheduler, worker] = await Promise.all([
    forkProcess('server', environment),
    forkProcess('scheduler', environment),
    forkProcess('worker', environment),
  ])
  const url = server.ready.url ?? ''
  const code = await stores.createCode()
  const headers = {
    Authorization: `Bearer ${PLANTED.bearerToken}`,
    Cookie: PLANTED.cookie,
    'Idempotency-Key': PLANTED.idempotencyKey,
    'Redline-Pass': PLANTED.pass,
  }
  const email = `${PLANTED.person}@example.test`
  // Refusals and acceptances, with everything that a request can bring along.
  await post(url, 'direct-redeem', { email, code: PLANTED.wrongCode }, headers)
  // The mail server names in its refusal whom it refuses.
  sink.behave({ refuseRecipient: () => 451 })
  await post(url, 'direct-redeem', { email, code })
  await fetch(`${url}/api/v1/admin/codes`, { headers })
  await fetch(`${scheduler.ready.processes[0]?.ops_url}/board`, { headers })
  await expect.poll(() => worker.written()).toContain('invite not sent')
  // A column that cannot be written: Postgres puts the row, address and all, into its error.
  await stores.sql('ALTER TABLE redeem_codes ADD CONSTRAINT planted CHECK (used_count < 1) NOT VALID')
  await post(url, 'direct-redeem', { email: `2${email}`, code })
  await expect.poll(() => scheduler.written()).toContain('Postgres refused an accepted redemption')
  // Redis goes away: every connection of every process says so, and requests fail.
  await redis.kill()
  const lost = await fetch(`${url}/api/v1/public/direct-redeem`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', 'X-Request-Id': PROXY_REQUEST_ID },
    body: JSON.stringify({ email: `3${email}`, code }),
  })
  expect(lost.status).toBe(503)
  expect(lost.headers.get('x-request-id')).toBe(PROXY_REQUEST_ID)
  await expect
    .poll(() => [server, scheduler, worker].every((one) => one.written().includes('redis connection')))
    .toBe(true)
  await Promise.all([server, scheduler, worker].map((one) => one.close()))

  const logs = [server, scheduler, worker].map((one) => one.written()).join('')
  const lines = logs.trim().split('\n')
  expect(lines.length).toBeGreaterThan(20)
  for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow()
  expect(lines.filter((line) => line.includes(`"requestId":"${PROXY_REQUEST_ID}"`))).toHaveLength(1)
  const databasePassword = new URL(stores.databaseUrl).password
  for (const secret of [...Object.values(PLANTED), databasePassword]) expect(logs).not.toContain(secret)
})
