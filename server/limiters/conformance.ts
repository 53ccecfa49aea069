import assert from 'node:assert/strict'
import type { Limiter, Reservation, UseRequest } from './limiter.ts'

/** What the checks need of the system around a limiter. */
export interface ConformanceSubject {
  /** A limiter as another server process has it: nothing shared in memory. */
  createProcess(): Promise<Limiter>
  createCode(options?: {
    maxUses?: number
    isActive?: boolean
    validUntil?: Date
    kind?: 'personal'
    activityId?: string
  }): Promise<string>
  /** @returns the id of a waiting-room activity */
  createActivity(): Promise<string>
  newRedemptionId(code: string): string
  /** Everything accepted so far is in Postgres afterwards. */
  settle(): Promise<unknown>
  /** Refunds a redemption up to `refunding`, and to its end. */
  beginRefund(id: string): Promise<void>
  finishRefund(id: string): Promise<void>
  /** The ledger's count of uses taken. */
  usedCount(code: string): Promise<number>
}

export interface ConformanceCheck {
  readonly name: string
  run(subject: ConformanceSubject): Promise<void>
}

const deadline = () => ({ remainingMs: () => 10_000, signal: AbortSignal.timeout(10_000) })

/** What every limiter mode guarantees; adding a mode means that it passes these. */
export const CONFORMANCE: readonly ConformanceCheck[] = [
  {
    name: '200 concurrent requests for a code with 10 uses: exactly 10 are accepted',
    async run(subject) {
      const limiter = await subject.createProcess()
      await assertTenOfTwoHundred(subject, [limiter])
    },
  },
  {
    name: 'two server processes share the uses of a code',
    async run(subject) {
      const limiters = await Promise.all([subject.createProcess(), subject.createProcess()])
      await assertTenOfTwoHundred(subject, limiters)
    },
  },
  {
    name: 'a repeated request gives the same redemption and takes one use',
    async run(subject) {
      const [limiter, code] = [await subject.createProcess(), await subject.createCode()]
      const first = await redeem(subject, limiter, code, 'a@example.test')
      const second = await redeem(subject, limiter, code, 'a@example.test')
      await subject.settle()
      const third = await redeem(subject, limiter, code, 'a@example.test')
      assert.equal(first.outcome, 'accepted')
      assert.equal(second.outcome, 'repeated')
      assert.equal(idOf(second), idOf(first))
      assert.equal(idOf(third), idOf(first))
      assert.equal(await subject.usedCount(code), 1)
    },
  },
  {
    name: 'the same person 50 times at once, over two processes: one redemption',
    async run(subject) {
      const limiters = await Promise.all([subject.createProcess(), subject.createProcess()])
      const code = await subject.createCode()
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => redeem(subject, pick(limiters, n), code, 'b@example.test')),
      )
      assert.equal(new Set(answers.map(idOf)).size, 1)
      assert.equal(answers.filter(({ outcome }) => outcome === 'accepted').length, 1)
      await subject.settle()
      assert.equal(await subject.usedCount(code), 1)
    },
  },
  {
    name: 'the same redemption id again gives the same answer: a client may have lost the first',
    async run(subject) {
      const [limiter, code] = [await subject.createProcess(), await subject.createCode({ maxUses: 1 })]
      const request = {
        redemptionId: subject.newRedemptionId(code),
        code,
        email: 'c@example.test',
        kind: 'shared',
      } as const
      for (let time = 0; time < 3; time++)
        assert.deepEqual(await limiter.reserve(request, deadline()), {
          outcome: 'accepted',
          redemptionId: request.redemptionId,
        })
      await subject.settle()
      assert.equal(await subject.usedCount(code), 1)
    },
  },
  {
    name: 'unknown and deactivated codes, and those of the other kind, are not found; expired and used-up ones say so',
    async run(subject) {
      const limiter = await subject.createProcess()
      const cases = [
        ['NO-SUCH-CODE', 'not_found'],
        [await subject.createCode({ isActive: false }), 'not_found'],
        [await subject.createCode({ kind: 'personal', maxUses: 1 }), 'not_found'],
        [await subject.createCode({ validUntil: new Date(Date.now() - 60_000) }), 'expired'],
        [await subject.createCode({ maxUses: 0 }), 'used_up'],
      ] as const
      for (const [code, reason] of cases) {
        const answer = await redeem(subject, limiter, code, 'd@example.test')
        assert.deepEqual({ ...answer, code }, { outcome: 'denied', reason, code })
      }
      const shared = await redeem(subject, limiter, await subject.createCode(), 'd@example.test', { kind: 'personal' })
      assert.deepEqual(shared, { outcome: 'denied', reason: 'not_found' })
    },
  },
  {
    name: 'a refund under way is refused for now; once done, exactly that use can be taken again',
    async run(subject) {
      const [limiter, code] = [await subject.createProcess(), await subject.createCode({ maxUses: 1 })]
      const first = await redeem(subject, limiter, code, 'e@example.test')
      await subject.settle()
      await subject.beginRefund(idOf(first))
      const meanwhile = await redeem(subject, limiter, code, 'e@example.test')
      assert.equal(meanwhile.outcome === 'denied' && meanwhile.reason, 'refund_pending')
      await subject.finishRefund(idOf(first))
      const again = await redeem(subject, limiter, code, 'e@example.test')
      assert.equal(again.outcome, 'accepted')
      assert.notEqual(idOf(again), idOf(first))
      const other = await redeem(subject, limiter, code, 'f@example.test')
      assert.equal(other.outcome === 'denied' && other.reason, 'used_up')
    },
  },
  {
    name: 'a personal code belongs to whoever takes its one use, until that is given back',
    async run(subject) {
      const limiter = await subject.createProcess()
      const code = await subject.createCode({ kind: 'personal', maxUses: 1 })
      const take = (email: string) => redeem(subject, limiter, code, email, { kind: 'personal' })
      const first = await take('h@example.test')
      assert.equal(first.outcome, 'accepted')
      assert.deepEqual(await take('i@example.test'), { outcome: 'denied', reason: 'not_found' })
      assert.equal(idOf(await take('h@example.test')), idOf(first))
      await subject.settle()
      assert.deepEqual(await take('i@example.test'), { outcome: 'denied', reason: 'not_found' })
      await subject.beginRefund(idOf(first))
      await subject.finishRefund(idOf(first))
      assert.equal((await take('i@example.test')).outcome, 'accepted')
      assert.deepEqual(await take('h@example.test'), { outcome: 'denied', reason: 'not_found' })
      await subject.settle()
      assert.equal(await subject.usedCount(code), 1)
    },
  },
  {
    name: 'fifty people want one personal code at once: one gets it, nobody else learns that it exists',
    async run(subject) {
      const limiters = await Promise.all([subject.createProcess(), subject.createProcess()])
      const code = await subject.createCode({ kind: 'personal', maxUses: 1 })
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          redeem(subject, pick(limiters, n), code, `rival-${n}@example.test`, { kind: 'personal' }),
        ),
      )
      assert.equal(answers.filter(({ outcome }) => outcome === 'accepted').length, 1)
      for (const answer of answers) if (answer.outcome === 'denied') assert.equal(answer.reason, 'not_found')
      await subject.settle()
    },
  },
  {
    name: 'a code of an activity asks for a pass of that activity; whoever holds a use needs none again',
    async run(subject) {
      const limiter = await subject.createProcess()
      const [activityId, otherActivity] = [await subject.createActivity(), await subject.createActivity()]
      const code = await subject.createCode({ activityId })
      const required = { outcome: 'denied', reason: 'pass_required' }
      assert.deepEqual(await redeem(subject, limiter, code, 'j@example.test'), required)
      const withForeignPass = redeem(subject, limiter, code, 'j@example.test', { activityId: otherActivity })
      assert.deepEqual(await withForeignPass, required)
      const first = await redeem(subject, limiter, code, 'j@example.test', { activityId })
      assert.equal(first.outcome, 'accepted')
      assert.equal(idOf(await redeem(subject, limiter, code, 'j@example.test')), idOf(first))
      await subject.settle()
    },
  },
  {
    name: 'every accepted redemption can be found at once, or is in Postgres',
    async run(subject) {
      const [limiter, code] = [await subject.createProcess(), await subject.createCode()]
      const answer = await redeem(subject, limiter, code, 'g@example.test')
      const uncommitted = await limiter.findUncommitted(idOf(answer))
      if (uncommitted === undefined) assert.equal(await subject.usedCount(code), 1)
      else assert.deepEqual([uncommitted.code, uncommitted.email], [code, 'g@example.test'])
      await subject.settle()
      assert.equal(await limiter.findUncommitted(idOf(answer)), undefined)
      assert.equal(await subject.usedCount(code), 1)
    },
  },
]

async function assertTenOfTwoHundred(subject: ConformanceSubject, limiters: readonly Limiter[]): Promise<void> {
  const code = await subject.createCode({ maxUses: 10 })
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => redeem(subject, pick(limiters, n), code, `person-${n}@example.test`)),
  )
  const accepted = answers.filter(({ outcome }) => outcome === 'accepted')
  assert.equal(accepted.length, 10, `10 uses, but ${accepted.length} of 200 requests were accepted`)
  assert.equal(new Set(accepted.map(idOf)).size, 10)
  for (const answer of answers) if (answer.outcome === 'denied') assert.equal(answer.reason, 'used_up')
  await subject.settle()
  assert.equal(await subject.usedCount(code), 10)
}

function redeem(
  subject: ConformanceSubject,
  limiter: Limiter,
  code: string,
  email: string,
  asked: Partial<UseRequest> = {},
): Promise<Reservation> {
  const request = { redemptionId: subject.newRedemptionId(code), code, email, kind: 'shared', ...asked } as const
  return limiter.reserve(request, deadline())
}

function idOf(answer: Reservation): string {
  assert.notEqual(answer.outcome, 'denied', `expected a redemption, got ${JSON.stringify(answer)}`)
  return answer.outcome === 'denied' ? '' : answer.redemptionId
}

function pick(limiters: readonly Limiter[], n: number): Limiter {
  const limiter = limiters[n % limiters.length]
  assert.ok(limiter)
  return limiter
}
