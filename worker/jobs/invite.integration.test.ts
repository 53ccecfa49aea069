import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../../server/db/database.ts'
import { claimInvites } from '../../server/db/ledger/claim-invites.ts'
import { releaseClaim } from '../../server/db/ledger/settle-invites.ts'
import { createMailer, MailError } from '../../server/mail/mailer.ts'
import { createTcpProxy } from '../../server/testing/tcp-proxy.ts'
import { eventually } from '../testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from '../testing/smtp-sink.ts'
import { createTestPipeline, type TestPipeline } from '../testing/test-pipeline.ts'
import { createInviteHandler, TryAgainError } from './invite.ts'

describe('the invite job', () => {
  let pipeline: TestPipeline
  let sink: SmtpSink
  beforeAll(async () => {
    pipeline = await createTestPipeline()
    sink = await startSmtpSink()
  })
  afterEach(() => sink.behave({}))
  afterAll(async () => {
    await sink.close()
    await pipeline.close()
  })

  /** A handler as another worker process has it: a pool and a mailer of its own. */
  function createWorker(url = sink.url) {
    const { databaseUrl, metrics, refunds, seats } = pipeline
    const settings = { poolMax: 5, acquireMs: 10_000, statementTimeoutMs: 5_000, cause: 'job' } as const
    const db = createDatabase({ url: databaseUrl, metrics, ...settings })
    const mailer = createMailer({ url, from: 'invites@redline.invalid', connections: 2 })
    onTestFinished(async () => {
      mailer.close()
      await db.close()
    })
    return createInviteHandler({ db, mailer, refunds, seats, metrics, claimLeaseSeconds: 60 })
  }
  async function reserveOne(code?: string, email = 'someone@example.test') {
    const [id = ''] = await pipeline.reserve(code ?? (await pipeline.createCode()), [email])
    return id
  }
  const mailsOf = (id: string) => sink.mails.filter((mail) => mail.redemptionId === id)
  const statusOf = async (id: string) => (await pipeline.find(id))?.status
  const makeOverdue = (id: string) =>
    pipeline.sql("UPDATE redemptions SET deadline_at = now() - interval '1 s' WHERE id = $1", [id])
  async function seatsOf(code: string) {
    const [row] = await pipeline.sql<{ taken: number; members: number; seats: number }>(
      `SELECT sum(t.seats_taken)::int AS taken, (
         SELECT count(*)::int FROM team_members m JOIN redemptions r ON r.id = m.redemption_id WHERE r.code = $1
       ) AS members, (
         SELECT count(DISTINCT (m.team_id, m.seat_no))::int FROM team_members m
         JOIN redemptions r ON r.id = m.redemption_id WHERE r.code = $1
       ) AS seats
       FROM teams t JOIN redeem_codes c USING (group_id) WHERE c.code = $1`,
      [code],
    )
    return row
  }
  const failureOf = async (work: Promise<void>) => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    return error instanceof MailError ? error.failure : error
  }

  test('seats a redemption and sends its mail once, named after it', async () => {
    const code = await pipeline.createCode()
    const id = await reserveOne(code)
    const handle = createWorker()
    await handle(id)
    await handle(id)
    expect(mailsOf(id)).toEqual([
      { to: 'someone@example.test', messageId: `<${id}@redline.invalid>`, redemptionId: id },
    ])
    expect(await statusOf(id)).toBe('sent')
    expect(await seatsOf(code)).toEqual({ taken: 1, members: 1, seats: 1 })
    const records = await pipeline.sql("SELECT 1 FROM invite_records WHERE redemption_id = $1 AND status = 'sent'", [
      id,
    ])
    expect(records.length).toBe(1)
  })

  test('the count of free seats follows a seat that is taken, and one that comes free', async () => {
    const code = await pipeline.createCode({ seats: 4 })
    const [group] = await pipeline.sql<{ id: number }>('SELECT group_id AS id FROM redeem_codes WHERE code = $1', [
      code,
    ])
    const free = () => pipeline.seats.available(group?.id ?? 0)
    expect(await free()).toBe(4)
    const handle = createWorker()
    await handle(await reserveOne(code))
    await eventually(free).toBe(3)
    const id = await reserveOne(code, 'refused@example.test')
    const claimed = (await claimInvites(pipeline.db, [id], 60)).get(id)
    await pipeline.seats.invalidate([group?.id ?? 0])
    expect(await free()).toBe(2)
    await releaseClaim(pipeline.db, id, claimed?.outcome === 'claimed' ? claimed.claim.token : '')
    await pipeline.refunds.refund(id, 'mail_rejected')
    expect(await free()).toBe(3)
  })

  test.each([2, 5])('%i handlers of one redemption at once: one mail, one seat', async (count) => {
    const code = await pipeline.createCode()
    const id = await reserveOne(code)
    const workers = [createWorker(), createWorker()]
    const runs = Array.from({ length: count }, (_, n) => workers[n % 2]?.(id) ?? Promise.resolve())
    const results = await Promise.allSettled(runs)
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(TryAgainError)
    expect(mailsOf(id).length).toBe(1)
    expect(await statusOf(id)).toBe('sent')
    expect(await seatsOf(code)).toEqual({ taken: 1, members: 1, seats: 1 })
  })

  test('twice in one batch of one worker: one mail', async () => {
    const id = await reserveOne()
    const handle = createWorker()
    await Promise.allSettled([handle(id), handle(id), handle(id)])
    expect(mailsOf(id).length).toBe(1)
  })

  test('50 redemptions for 30 seats in five teams, on two workers: 30 sent, 20 refunded, no seat twice', async () => {
    const code = await pipeline.createCode({ maxUses: 50, seats: 2 })
    for (const [n, seats] of [9, 8, 6, 5].entries())
      await pipeline.sql(
        'INSERT INTO teams (group_id, name, max_seats) SELECT group_id, $2, $3 FROM redeem_codes WHERE code = $1',
        [code, `more ${n}`, seats],
      )
    const people = Array.from({ length: 50 }, (_, n) => `person${n}@example.test`)
    const ids = await pipeline.accept(code, people)
    await pipeline.settle()
    const workers = [createWorker(), createWorker()]
    await Promise.all(ids.map((id, n) => workers[n % 2]?.(id)))

    const rows = await Promise.all(ids.map((id) => pipeline.find(id)))
    expect(rows.filter((row) => row?.status === 'sent').length).toBe(30)
    const refunded = rows.filter((row) => row?.status === 'refunded')
    expect(refunded.map((row) => row?.refund_reason)).toEqual(Array.from({ length: 20 }, () => 'no_seat'))
    expect(await seatsOf(code)).toEqual({ taken: 30, members: 30, seats: 30 })
    expect(await pipeline.usedCount(code)).toBe(30)
    expect(await pipeline.usesLeft(code)).toBe(20)
    expect(ids.filter((id) => mailsOf(id).length === 1).length).toBe(30)
  })

  test('workers that compete for the last teams never wait for each other', async () => {
    const code = await pipeline.createCode({ maxUses: 400, seats: 3 })
    await pipeline.sql(
      `INSERT INTO teams (group_id, name, max_seats) SELECT group_id, 'team ' || n, 3
       FROM redeem_codes, generate_series(1, 39) AS n WHERE code = $1`,
      [code],
    )
    const people = Array.from({ length: 200 }, (_, n) => `person${n}@example.test`)
    const ids = await pipeline.reserve(code, people)
    const slices = Array.from({ length: 10 }, (_, n) => ids.slice(n * 20, n * 20 + 20))
    const outcomes = await Promise.all(slices.map((slice) => claimInvites(pipeline.db, slice, 60)))
    const counted = outcomes.flatMap((some) => [...some.values()].map(({ outcome }) => outcome))
    expect(counted.filter((outcome) => outcome === 'claimed').length).toBe(120)
    expect(counted.filter((outcome) => outcome === 'no_seat').length).toBe(80)
    expect(await seatsOf(code)).toEqual({ taken: 120, members: 120, seats: 120 })
  })

  test('a failure that passes: back to seated, sent at the next try', async () => {
    const id = await reserveOne()
    const handle = createWorker()
    sink.behave({ refuseRecipient: () => 451 })
    expect(await failureOf(handle(id))).toBe('not_sent')
    expect(await pipeline.find(id)).toMatchObject({ status: 'seated', outcome_unknown: false })
    sink.behave({})
    await handle(id)
    expect(await statusOf(id)).toBe('sent')
    expect(mailsOf(id).length).toBe(1)
  })

  test('a mail server that is away: back to seated', async () => {
    const id = await reserveOne()
    const proxy = await createTcpProxy(sink.url)
    onTestFinished(proxy.close)
    proxy.cut()
    expect(await failureOf(createWorker(proxy.url)(id))).toBe('not_sent')
    expect(await pipeline.find(id)).toMatchObject({ status: 'seated', outcome_unknown: false })
  })

  test('an address that is refused for good: refunded, seat freed, and the person can redeem again', async () => {
    const code = await pipeline.createCode({ maxUses: 1, seats: 1 })
    const [id = ''] = await pipeline.accept(code, ['nobody@example.test'])
    await pipeline.settle()
    sink.behave({ refuseRecipient: () => 550 })
    await createWorker()(id)
    expect(await pipeline.find(id)).toMatchObject({ status: 'refunded', refund_reason: 'mail_rejected' })
    expect(await seatsOf(code)).toEqual({ taken: 0, members: 0, seats: 0 })
    expect(await pipeline.usedCount(code)).toBe(0)
    const again = await pipeline.redeem(code, 'nobody@example.test')
    expect(again).toMatchObject({ outcome: 'accepted' })
    await pipeline.settle()
  })

  /** A redemption whose mail arrived while its worker lost the connection. */
  async function breakAfterText() {
    const code = await pipeline.createCode()
    const id = await reserveOne(code)
    const proxy = await createTcpProxy(sink.url)
    onTestFinished(proxy.close)
    const handle = createWorker(proxy.url)
    sink.behave({ onReceived: () => proxy.breakConnections() })
    expect(await failureOf(handle(id))).toBe('unknown')
    return { code, id, handle }
  }

  test('a connection that breaks after the text: never refunded, sent again under the same Message-ID', async () => {
    const { code, id, handle } = await breakAfterText()
    expect(await pipeline.find(id)).toMatchObject({ status: 'sending', outcome_unknown: true })
    expect(await pipeline.refunds.refund(id, 'mail_rejected')).toBe(false)

    sink.behave({})
    await handle(id)
    expect(await pipeline.find(id)).toMatchObject({ status: 'sent', outcome_unknown: false })
    expect(mailsOf(id).map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 2 }, () => `<${id}@redline.invalid>`),
    )
    expect(await pipeline.usedCount(code)).toBe(1)
  })

  test('a mail of unknown outcome counts as sent after the deadline, flagged, also when it is refused later', async () => {
    const { code, id, handle } = await breakAfterText()
    sink.behave({ refuseRecipient: () => 550 })
    await handle(id)
    expect(await pipeline.find(id)).toMatchObject({ status: 'seated', outcome_unknown: true })
    await makeOverdue(id)
    pipeline.startSweeper()
    await eventually(() => statusOf(id)).toBe('sent')
    expect((await pipeline.find(id))?.outcome_unknown).toBe(true)
    expect(await pipeline.usedCount(code)).toBe(1)
  })

  test('a claim that died is taken over after its lease, not before', async () => {
    const id = await reserveOne()
    await claimInvites(pipeline.db, [id], 60)
    const handle = createWorker()
    await expect(handle(id)).rejects.toThrow(TryAgainError)
    expect(mailsOf(id)).toEqual([])
    await pipeline.sql('UPDATE redemptions SET claimed_until = now() WHERE id = $1', [id])
    await handle(id)
    expect(await statusOf(id)).toBe('sent')
    expect(mailsOf(id).length).toBe(1)
  })

  test('a holder whose claim was taken over while its mail went out still marks it as sent', async () => {
    const id = await reserveOne()
    sink.behave({
      async onReceived() {
        await pipeline.sql('UPDATE redemptions SET claimed_until = now() WHERE id = $1', [id])
        const outcome = (await claimInvites(pipeline.db, [id], 60)).get(id)
        if (outcome?.outcome !== 'claimed') throw new Error('expected a claim')
        await releaseClaim(pipeline.db, id, outcome.claim.token)
      },
    })
    await createWorker()(id)
    expect(await statusOf(id)).toBe('sent')
    expect(mailsOf(id).length).toBe(1)
  })

  test('does nothing for redemptions that are over or unknown', async () => {
    const id = await reserveOne()
    await pipeline.refunds.refund(id, 'deadline_passed')
    const handle = createWorker()
    await handle(id)
    await handle('00000000-0000-4000-8000-000000000000')
    expect(mailsOf(id)).toEqual([])
    expect(await statusOf(id)).toBe('refunded')
  })
})
