import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createMailer } from '../server/mail/mailer.ts'
import { createInviteHandler } from './jobs/invite.ts'
import { runAttempt } from './run-attempt.ts'
import { eventually } from './testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { createTestPipeline, type TestPipeline } from './testing/test-pipeline.ts'

/** All before the mail server hangs has to be done by then, also where this machine is held up. */
const SHORT_MS = 3_000
const NEVER_MS = 60_000

describe('an attempt of an invite job', () => {
  let pipeline: TestPipeline
  let sink: SmtpSink
  let limitMs = NEVER_MS
  let closeMailer = () => {}
  beforeAll(async () => {
    pipeline = await createTestPipeline()
    sink = await startSmtpSink()
    const mailer = createMailer({ url: sink.url, from: 'invites@redline.invalid', connections: 4 })
    const send = createInviteHandler({ ...pipeline, mailer, claimLeaseSeconds: 60 })
    pipeline.queue
      .process(4, (job) => runAttempt(job, limitMs, (attempt) => send(String(job.id), attempt)))
      .catch(() => {})
    closeMailer = () => mailer.close()
  })
  afterEach(() => {
    sink.behave({})
    limitMs = NEVER_MS
  })
  afterAll(async () => {
    closeMailer()
    await sink.close()
    await pipeline.close()
  })

  /** Enqueues an invite. */
  async function invite(code: string): Promise<string> {
    const [id = ''] = await pipeline.reserve(code, ['someone@example.test'])
    pipeline.startRelay()
    return id
  }
  /** The mail server keeps who sends a mail waiting, once, until the test has finished. */
  function hangOnce(where: 'recipient' | 'text'): () => void {
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const release = () => open()
    onTestFinished(release)
    let hung = false
    const hang = () => {
      if (hung) return undefined
      hung = true
      return opened
    }
    sink.behave(where === 'text' ? { onReceived: hang } : { beforeRecipient: hang })
    return release
  }
  const messageIdsOf = (id: string) =>
    sink.mails.filter((mail) => mail.redemptionId === id).map((mail) => mail.messageId)
  const statusOf = async (id: string) => (await pipeline.find(id))?.status
  const progressOf = async (id: string) => (await pipeline.queue.getJob(id))?.progress()
  const resultOf = async (id: string) => (await pipeline.queue.getJob(id))?.returnvalue

  test.each([
    ['recipient', false, 1],
    ['text', true, 2],
  ] as const)('too long at the %s: it fails, and is made again', async (where, isUnknown, mails) => {
    const code = await pipeline.createCode({ maxUses: 1 })
    hangOnce(where)
    limitMs = SHORT_MS
    const id = await invite(code)
    await eventually(async () => (await pipeline.queue.getJob(id))?.failedReason).toContain(
      `longer than ${SHORT_MS} ms`,
    )
    limitMs = NEVER_MS
    expect(await progressOf(id)).toBe('sending')
    // Never sent and refunded both: a mail that may be out cannot be refunded.
    if (isUnknown) {
      await eventually(async () => (await pipeline.find(id))?.outcome_unknown).toBe(true)
      expect(await pipeline.refunds.refund(id, 'mail_rejected')).toBe(false)
    }
    await eventually(() => statusOf(id)).toBe('sent')
    await eventually(() => resultOf(id)).toBe('sent')
    expect(messageIdsOf(id)).toEqual(Array.from({ length: mails }, () => `<${id}@redline.invalid>`))
    expect(await pipeline.usedCount(code)).toBe(1)
  })

  test('a slow one says how far it is', async () => {
    const release = hangOnce('text')
    const id = await invite(await pipeline.createCode())
    await eventually(() => progressOf(id)).toBe('sending')
    release()
    await eventually(() => resultOf(id)).toBe('sent')
    expect(await progressOf(id)).toBe('sent')
  })

  test('a quick one writes no progress, which would cost commands: its result says it', async () => {
    let written = 0
    const job = { progress: async () => void written++ }
    expect(await runAttempt(job, NEVER_MS, async ({ reach }) => reach('sent'))).toBe('sent')
    expect(written).toBe(0)
  })
})
