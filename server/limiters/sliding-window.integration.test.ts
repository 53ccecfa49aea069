import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createSlidingWindow } from './sliding-window.ts'

const LIMITS = { requests: 5, failedTries: 2 }

describe('the sliding window', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  const create = (limits = LIMITS) => createSlidingWindow(stores, limits)
  /** Writes a log as if requests had come so many seconds ago, by Redis's clock. */
  async function plant(key: string, secondsAgo: readonly number[]): Promise<void> {
    const [seconds = 0] = await stores.redis.time()
    await stores.redis.rpush(key, ...secondsAgo.map((ago) => (seconds - ago) * 1_000))
  }

  test('lets exactly as many through as allowed, however many ask at once and from however many processes', async () => {
    const windows = [create(), create(), create()]
    const verdicts = await Promise.all(Array.from({ length: 60 }, (_, n) => windows[n % 3]?.check('192.0.2.1')))
    expect(verdicts.filter((verdict) => verdict?.answer === 'pass').length).toBe(5)
    const refused = verdicts.find((verdict) => verdict?.answer === 'too_many_requests')
    expect(refused?.requests.left).toBe(0)
    expect(refused?.requests.resetMs).toBeGreaterThan(0)
    expect(refused?.requests.resetMs).toBeLessThanOrEqual(60_000)
    expect((await create().check('192.0.2.2')).answer).toBe('pass')
  })

  test('what is a window old is forgotten, and nothing before', async () => {
    const client = '192.0.2.3'
    await plant(stores.keys.clientLogs(client).requests, [62, 61, 45, 30, 15])
    const window = create()
    expect((await window.check(client)).requests.left).toBe(1)
    expect((await window.check(client)).requests.left).toBe(0)
    const { answer, requests } = await window.check(client)
    expect(answer).toBe('too_many_requests')
    // The oldest that counts came 45 s ago, on a clock that has moved on since.
    expect(requests.resetMs).toBeLessThanOrEqual(15_000)
  })

  test('refused requests are not counted', async () => {
    const client = '192.0.2.4'
    const window = create()
    for (let n = 0; n < 20; n++) await window.check(client)
    expect(await stores.redis.llen(stores.keys.clientLogs(client).requests)).toBe(5)
  })

  test('failed tries refuse everything until they are forgotten', async () => {
    const client = '192.0.2.5'
    const window = create()
    await window.recordFailure(client, 'first')
    // The same once more is no other try.
    await window.recordFailure(client, 'first')
    expect(await window.check(client)).toMatchObject({ answer: 'pass', failedTries: { left: 1 } })
    await window.recordFailure(client, 'second')
    const { answer, failedTries } = await window.check(client)
    expect(answer).toBe('too_many_tries')
    expect(failedTries.resetMs).toBeGreaterThan(0)
    await stores.redis.del(stores.keys.clientLogs(client).failures)
    const [seconds = 0] = await stores.redis.time()
    for (const ago of [61, 60])
      await stores.redis.zadd(stores.keys.clientLogs(client).failures, (seconds - ago) * 1_000, `${ago}`)
    expect(await window.check(client)).toMatchObject({ answer: 'pass', failedTries: { left: 2 } })
  })

  test('a try that was none after all is forgiven, and no other one', async () => {
    const client = '192.0.2.7'
    const window = create()
    for (const what of ['wrong', 'good']) await window.recordFailure(client, what)
    await window.forgiveFailure(client, 'good')
    expect(await window.check(client)).toMatchObject({ answer: 'pass', failedTries: { left: 1 } })
    await window.forgiveFailure(client, 'never tried')
    expect(await window.check(client)).toMatchObject({ answer: 'pass', failedTries: { left: 1 } })
  })

  test('of many failed tries no more are kept than decide something', async () => {
    const client = '192.0.2.8'
    for (let n = 0; n < 20; n++) await create().recordFailure(client, `${n}`)
    expect(await stores.redis.zcard(stores.keys.clientLogs(client).failures)).toBe(LIMITS.failedTries)
  })

  test('a limit of 0 is none', async () => {
    const client = '192.0.2.6'
    const window = create({ requests: 0, failedTries: 1 })
    for (let n = 0; n < 10; n++) expect((await window.check(client)).answer).toBe('pass')
    expect(await stores.redis.exists(stores.keys.clientLogs(client).requests)).toBe(0)
    await create({ requests: 1, failedTries: 0 }).check(client)
    expect((await create({ requests: 1, failedTries: 0 }).check(client)).answer).toBe('too_many_requests')
  })

  test('the logs end with their window, and no key holds an address', async () => {
    const client = '198.51.100.77'
    const window = create()
    await window.check(client)
    await window.recordFailure(client, 'anything')
    const { requests, failures } = stores.keys.clientLogs(client)
    for (const key of [requests, failures]) {
      const lifetime = await stores.redis.pttl(key)
      expect(lifetime).toBeGreaterThan(0)
      expect(lifetime).toBeLessThanOrEqual(60_000)
      expect(key).not.toContain(client)
    }
  })
})
