import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import { serverConfig } from '../config.ts'
import { parseEnvironment } from '../environment.ts'
import { createLogger } from '../logger.ts'
import { type RunningServer, startServer } from '../start-server.ts'
import { invalidateActivity } from '../waiting-room/activity-copies.ts'
import { drainEntries } from '../waiting-room/drain-entries.ts'
import { createRoomKeys, type RoomKeys } from '../waiting-room/room-keys.ts'
import type { TestStores } from './test-stores.ts'

export const TEST_SECRET = 'a secret of the tests, 32 or more'

export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: the body of an answer, which each test holds against its own expectation
  readonly body: Record<string, any>
}

/** Servers with waiting rooms on the stores of a test file. */
export interface TestRooms {
  readonly roomKeys: RoomKeys
  /** Stops when the test has finished. */
  start(environment?: Record<string, string>): Promise<RunningServer>
  call(url: string, options?: CallOptions): Promise<Answer>
  enter(server: RunningServer, activityId: string, user: string, options?: PersonOptions): Promise<Answer>
  status(server: RunningServer, activityId: string, sessionId: string, options?: PersonOptions): Promise<Answer>
  redeem(server: RunningServer, code: string, email: string, pass?: string): Promise<Answer>
  /** Changes columns of an activity, and tells the servers, as an administrator's request does. */
  change(activityId: string, columns: Record<string, unknown>, options?: { tell?: boolean }): Promise<void>
  /** What the scheduler does with a room's entries. */
  drain(activityId: string, tenant?: string): Promise<void>
  tenantToken(claims: Record<string, unknown>): Promise<string>
  close(): void
}

export interface PersonOptions {
  readonly address?: string | undefined
  readonly token?: string | undefined
  readonly fingerprint?: string | undefined
}

interface CallOptions {
  readonly body?: unknown
  readonly headers?: Record<string, string | undefined>
}

export function createTestRooms(stores: TestStores, redisUrl = stores.redisUrl): TestRooms {
  const prefix = stores.keys.mode.split(':')[0] ?? ''
  const roomKeys = createRoomKeys(prefix)
  const agent = new Agent({ keepAlive: true, maxSockets: 200 })
  const { db, redis } = stores
  const parts = { db, redis, roomKeys, logger: createLogger('silent', 'test') }

  async function start(environment: Record<string, string> = {}): Promise<RunningServer> {
    const config = parseEnvironment(serverConfig, {
      DATABASE_URL: stores.databaseUrl,
      REDIS_URL: redisUrl,
      REDIS_KEY_PREFIX: prefix,
      LEDGER_SHARDS: String(stores.keys.shards),
      PORT: '0',
      TRUST_PROXY_HOPS: '1',
      IP_LIMIT_PER_MINUTE: '0',
      FAILED_TRIES_PER_MINUTE: '0',
      ADMIN_JWT_SECRET: TEST_SECRET,
      ...environment,
    })
    const server = await startServer(config, createLogger('silent', 'server'))
    onTestFinished(server.close)
    return server
  }

  function call(url: string, { body, headers = {} }: CallOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const type = body === undefined ? undefined : 'application/json'
      const given = Object.entries({ 'content-type': type, ...headers })
      const sent = request(url, {
        agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
      })
      sent.on('response', async (response) => {
        const answer = JSON.parse(await text(response))
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body: answer })
      })
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  const headersOf = ({ address, token }: PersonOptions) => ({
    'x-forwarded-for': address,
    authorization: token && `Bearer ${token}`,
  })

  return {
    roomKeys,
    start,
    call,
    enter: (server, activityId, user, options = {}) =>
      call(`${server.url}/api/v1/queue/enter`, {
        body: { activity_id: activityId, user_hash: user, fingerprint: options.fingerprint },
        headers: headersOf(options),
      }),
    status: (server, activityId, sessionId, options = {}) =>
      call(`${server.url}/api/v1/queue/status?activity_id=${activityId}&session_id=${sessionId}`, {
        headers: headersOf(options),
      }),
    redeem: (server, code, email, pass) =>
      call(`${server.url}/api/v1/public/direct-redeem`, { body: { code, email }, headers: { 'redline-pass': pass } }),
    async change(activityId, columns, { tell = true } = {}) {
      const names = Object.keys(columns)
      const set = names.map((name, index) => `${name} = $${index + 2}`).join(', ')
      const text = `UPDATE activities SET ${set}, updated_at = clock_timestamp() WHERE id = $1`
      await stores.sql(text, [activityId, ...Object.values(columns)])
      if (tell) await invalidateActivity(parts, activityId)
    },
    async drain(activityId, tenant = 'public') {
      while ((await drainEntries(parts, { tenant, activityId }, 500)) > 0);
    },
    tenantToken: (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(TEST_SECRET)),
    close: () => agent.destroy(),
  }
}

/** Addresses that differ, of the range for documentation and examples. */
export const addressOf = (index: number) => `198.18.${index >> 8}.${index & 255}`
