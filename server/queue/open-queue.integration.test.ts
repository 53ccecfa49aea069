import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createGate } from '../testing/gate.ts'
import { createTcpProxy } from '../testing/tcp-proxy.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { openQueue } from './open-queue.ts'

describe('a queue', () => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  test('that pauses with a job under way while Redis is away rejects nothing that nobody looks at', async () => {
    const proxy = await createTcpProxy(stores.redisUrl)
    onTestFinished(proxy.close)
    const { queue, close } = await openQueue('slow', stores.keys, { ...stores.connection, url: proxy.url }, {})
    onTestFinished(close)
    const unseen: unknown[] = []
    const listen = (reason: unknown) => void unseen.push(reason)
    process.on('unhandledRejection', listen)
    onTestFinished(() => void process.off('unhandledRejection', listen))

    const job = createGate()
    void queue.process(() => job.opened)
    const started = once(queue, 'active')
    await queue.add({})
    await started
    proxy.cut()
    const paused = queue.pause(true)
    // Bull gives its connection half a second to say good-bye, and then opens it again.
    await sleep(1_500)
    expect(unseen).toEqual([])

    // The job ended, and was told to nobody: what matters is that the pause ends.
    job.open()
    proxy.heal()
    await paused
    expect(unseen).toEqual([])
  })
})
