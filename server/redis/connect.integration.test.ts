import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createTcpProxy } from '../testing/tcp-proxy.ts'
import { createTestStores } from '../testing/test-stores.ts'
import { connectSubscriber } from './connect.ts'

test('a connection that answers is not ended for the silence of the one before it', async () => {
  const stores = await createTestStores()
  onTestFinished(() => stores.close())
  const proxy = await createTcpProxy(stores.redisUrl)
  onTestFinished(proxy.close)
  const redis = connectSubscriber({ ...stores.connection, url: proxy.url })
  onTestFinished(() => redis.disconnect())
  await redis.ping()

  proxy.loseAnswers()
  const unanswered = redis.ping()
  await sleep(100)
  // The connection is lost with it, and on the next one the command is sent again.
  proxy.heal()
  expect(await unanswered).toBe('PONG')
  const closed: number[] = []
  redis.on('close', () => closed.push(performance.now()))
  // It is given up after 3 s of silence: counted from the first connection they are over now.
  await sleep(3_500)
  expect(closed).toEqual([])
})
