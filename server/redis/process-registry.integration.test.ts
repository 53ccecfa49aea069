import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { listProcesses, type ProcessDescription, registerProcess } from './process-registry.ts'

const WORKER: ProcessDescription = { kind: 'worker', ops_url: '', pool_max: 5, concurrency: 20, mode: 'none' }

describe('the process registry', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  const list = () => listProcesses(stores)
  async function register(description = WORKER) {
    const registration = await registerProcess(stores, description)
    onTestFinished(registration.close)
    return registration
  }

  test('tells who is alive, what they said last, and nobody who left', async () => {
    const [worker, server] = [await register(), await register({ ...WORKER, kind: 'server', concurrency: null })]
    await worker.tell({ ops_url: 'http://127.0.0.1:9' })
    expect(await list()).toEqual([
      {
        ...WORKER,
        id: worker.id,
        ops_url: 'http://127.0.0.1:9',
        pid: process.pid,
        host: expect.any(String),
        started_at: expect.stringMatching(/^\d{4}-.*Z$/),
        version: expect.any(String),
        silent_ms: expect.any(Number),
      },
      expect.objectContaining({ id: server.id, kind: 'server', concurrency: null }),
    ])
    await server.close()
    expect((await list()).map(({ id }) => id)).toEqual([worker.id])
  })

  test('a heartbeat keeps a process alive; one that died is forgotten by the clock of Redis', async () => {
    const { id } = await register()
    await expect.poll(async () => (await list())[0]?.silent_ms, { timeout: 10_000 }).toBeGreaterThan(500)
    await expect.poll(async () => (await list())[0]?.silent_ms, { timeout: 10_000 }).toBeLessThan(500)
    const lifetime = await stores.redis.pttl(stores.keys.process(id))
    expect(lifetime).toBeGreaterThan(0)
    expect(lifetime).toBeLessThanOrEqual(10_000)

    await stores.redis.sadd(stores.keys.processes, 'died-long-ago')
    expect((await list()).map((process) => process.id)).toEqual([id])
    expect(await stores.redis.sismember(stores.keys.processes, 'died-long-ago')).toBe(0)
  })
})
