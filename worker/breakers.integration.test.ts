import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createMailBreaker, guardMailer } from '../server/mail/guard-mailer.ts'
import { createMailer, type MailError } from '../server/mail/mailer.ts'
import { openInviteQueue } from '../server/queue/invite-queue.ts'
import { createQueueBreaker } from '../server/resilience/redis-breaker.ts'
import { createTcpProxy } from '../server/testing/tcp-proxy.ts'
import { startOutboxRelay } from './outbox-relay.ts'
import { eventually } from './testing/eventually.ts'
import { startSmtpSink } from './testing/smtp-sink.ts'
import { createTestPipeline, type TestPipeline } from './testing/test-pipeline.ts'

describe('the breaker in front of the mail server', () => {
  async function start() {
    const sink = await startSmtpSink()
    onTestFinished(sink.close)
    const proxy = await createTcpProxy(sink.url)
    onTestFinished(proxy.close)
    const breaker = createMailBreaker()
    const bare = createMailer({ url: proxy.url, from: 'invites@redline.invalid', connections: 2 })
    const mailer = guardMailer(bare, breaker)
    onTestFinished(mailer.close)
    const send = (email = 'someone@example.test') =>
      mailer.send({ redemptionId: crypto.randomUUID(), email, teamName: 'a team' }).then(
        () => 'sent',
        (error: MailError) => error.failure,
      )
    return { sink, proxy, breaker, mailer, send }
  }

  test('a mail server that is down is left alone, its mails fail as not sent, and it is found again', async () => {
    const { sink, proxy, breaker, mailer, send } = await start()
    expect(await send()).toBe('sent')
    proxy.cut()
    for (let n = 0; n < 3; n++) expect(await send()).toBe('not_sent')
    expect(breaker.state).toBe('open')
    const refused = mailer.send({ redemptionId: 'any', email: 'someone@example.test', teamName: 'a team' })
    await expect(refused).rejects.toMatchObject({ failure: 'not_sent', cause: { message: 'mail is down: not asked' } })
    proxy.heal()
    await eventually(send).toBe('sent')
    expect(breaker.state).toBe('closed')
    expect(sink.mails.length).toBe(2)
  })

  test.each([
    [550, 'rejected'],
    [450, 'not_sent'],
  ])('receivers that are refused with %i open nothing', async (reply, failure) => {
    const { sink, breaker, send } = await start()
    sink.behave({ refuseRecipient: (address) => (address.startsWith('no') ? reply : undefined) })
    for (let n = 0; n < 6; n++) expect(await send(`no${n}@example.test`)).toBe(failure)
    expect(breaker.state).toBe('closed')
    expect(await send('yes@example.test')).toBe('sent')
  })
})

describe('the breaker in front of the queue', () => {
  let pipeline: TestPipeline
  beforeAll(async () => {
    pipeline = await createTestPipeline()
  })
  afterAll(() => pipeline.close())

  test('a queue that is silent holds no rows for long, and gets them when it is back', async () => {
    const proxy = await createTcpProxy(pipeline.redisUrl)
    onTestFinished(proxy.close)
    const { queue, close } = await openInviteQueue(pipeline.keys, { ...pipeline.connection, url: proxy.url })
    onTestFinished(close)
    const [id = ''] = await pipeline.reserve(await pipeline.createCode(), ['someone@example.test'])
    proxy.freeze()
    const errors: unknown[] = []
    const breaker = createQueueBreaker()
    const relay = startOutboxRelay({
      db: pipeline.db,
      queue,
      breaker,
      onError: (error) => void errors.push(error),
      batchSize: 10,
      idleMs: 10,
    })
    onTestFinished(() => relay.stop())
    await eventually(() => errors.some((error) => String(error).includes('queue is down: not asked'))).toBe(true)
    expect(await pipeline.queue.getJob(id)).toBeNull()
    proxy.heal()
    await eventually(async () => (await pipeline.queue.getJob(id)) !== null).toBe(true)
    await eventually(() => breaker.state).toBe('closed')
    await eventually(async () => (await pipeline.find(id))?.status).toBe('enqueued')
  })
})
