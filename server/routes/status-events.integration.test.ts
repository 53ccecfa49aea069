import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serverConfig } from '../config.ts'
import { parseEnvironment } from '../environment.ts'
import { createLogger } from '../logger.ts'
import { type RunningServer, startServer } from '../start-server.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

describe('the status as server-sent events', () => {
  let stores: TestStores
  let server: RunningServer
  const start = () =>
    startServer(
      parseEnvironment(serverConfig, {
        DATABASE_URL: stores.databaseUrl,
        REDIS_URL: stores.redisUrl,
        REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
        LEDGER_SHARDS: String(stores.keys.shards),
        PORT: '0',
        DB_POOL_MAX: '5',
        IP_LIMIT_PER_MINUTE: '0',
        FAILED_TRIES_PER_MINUTE: '0',
      }),
      createLogger('silent', 'test'),
    )
  beforeAll(async () => {
    stores = await createTestStores()
    server = await start()
  })
  afterAll(async () => {
    await server.close()
    await stores.close()
  })

  async function redeem() {
    const response = await fetch(new URL('/api/v1/public/direct-redeem', server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: await stores.createCode(), email: 'a@example.test' }),
    })
    return ((await response.json()) as { redemption_id: string }).redemption_id
  }
  const move = (id: string, status: string) =>
    stores.sql('UPDATE redemptions SET status = $2, sent_at = now() WHERE id = $1', [id, status])

  /** Reads the statuses as they come; ends with the stream. */
  async function* follow(url: string, id: string): AsyncGenerator<string> {
    const response = await fetch(new URL(`/api/v1/public/redemptions/${id}/events`, url))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const [, data] = /^event: status\ndata: (.+)$/.exec(event) ?? []
        if (data === undefined) continue
        expect(JSON.parse(data)).toMatchObject({ redemption_id: id, accepted_at: expect.any(String) })
        yield JSON.parse(data).status
      }
    }
  }

  test('tell the state at once, each change, and end with the last one', async () => {
    const id = await redeem()
    const seen: string[] = []
    const steps: Record<string, () => Promise<unknown>> = {
      // Accepted, and only in Redis yet.
      reserved: async () => {
        await stores.settle()
        await move(id, 'enqueued')
      },
      enqueued: () => move(id, 'seated'),
      seated: () => move(id, 'sent'),
    }
    for await (const status of follow(server.url, id)) {
      seen.push(status)
      await steps[status]?.()
    }
    expect(seen).toEqual(['reserved', 'enqueued', 'seated', 'sent'])
  })

  test('of what has ended are one event', async () => {
    const id = await redeem()
    await stores.settle()
    await move(id, 'refunded')
    const seen: string[] = []
    for await (const status of follow(server.url, id)) seen.push(status)
    expect(seen).toEqual(['refunded'])
  })

  test('of many people cost one statement for each look', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, redeem))
    await stores.settle()
    const ends = Promise.all(
      ids.map(async (id) => {
        const seen: string[] = []
        for await (const status of follow(server.url, id)) seen.push(status)
        return seen.at(-1)
      }),
    )
    await Promise.all(ids.map((id) => move(id, 'sent')))
    expect(await ends).toEqual(ids.map(() => 'sent'))
    const text = await (await fetch(new URL('/metrics', server.opsUrl))).text()
    const looks = Number(/db_query_duration_seconds_count\{statement="find-redemptions"\} (\d+)/.exec(text)?.[1])
    expect(looks).toBeGreaterThan(0)
    expect(looks).toBeLessThan(20)
  })

  test('do not keep a server from closing', async () => {
    const other = await start()
    const id = await redeem()
    const stream = follow(other.url, id)
    expect((await stream.next()).value).toBe('reserved')
    await other.close()
    expect((await stream.next()).done).toBe(true)
  })

  test('of an unknown redemption are 404', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000'
    const response = await fetch(new URL(`/api/v1/public/redemptions/${unknown}/events`, server.url))
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'redemption_not_found' })
  })
})
