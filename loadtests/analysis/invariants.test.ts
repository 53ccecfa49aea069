import { describe, expect, it } from 'vitest'
import type { ClientAnswer, Evidence, RedemptionRow } from './evidence.ts'
import { checkInvariants } from './invariants.ts'

const EMAILS = { 'r-1': 'ada@load.test', 'r-2': 'ben@load.test', 'r-3': 'cleo@load.test', 'r-4': 'dora@load.test' }
type Id = keyof typeof EMAILS

const row = (id: Id, status: string): RedemptionRow => ({ id, code: 'HOT', email: EMAILS[id], status })
const accepted = (id: Id): ClientAnswer => ({
  outcome: 'accepted',
  redemption_id: id,
  email: EMAILS[id],
  code: 'HOT',
})
const refusal = (email: string): ClientAnswer => ({ outcome: 'rejected', redemption_id: '', email, code: 'HOT' })
const mail = (id: Id) => ({ redemption_id: id, rebind_id: null, to: EMAILS[id] })
const member = (id: string, seat: number, team = 1) => ({ team_id: team, seat_no: seat, redemption_id: id })

/** Two were sent, one was refunded, one expired, one was told no: of 3 uses all are taken or spent. */
function soundEvidence(): Evidence {
  return {
    answers: [
      accepted('r-1'),
      accepted('r-2'),
      accepted('r-3'),
      accepted('r-4'),
      refusal('eve@load.test'),
      { outcome: 'indeterminate', redemption_id: '', email: 'finn@load.test', code: 'HOT' },
    ],
    mails: [mail('r-1'), mail('r-2'), mail('r-4')],
    sentBeforeSink: [],
    redemptions: [row('r-1', 'sent'), row('r-2', 'sent'), row('r-3', 'refunded'), row('r-4', 'expired')],
    members: [member('r-1', 1), member('r-2', 2)],
    teams: [{ id: 1, max_seats: 5, seats_taken: 2 }],
    codes: [{ code: 'HOT', max_uses: 3, used_count: 3 }],
    buckets: { HOT: 0 },
    pendingOutbox: [],
    rebinds: [],
    liveJobs: [],
    refunds: ['r-3'],
    invites: ['r-1', 'r-2', 'r-4'],
    occupancy: { samples: 4, exceeded: [] },
    drained: true,
    kills: 0,
    everyCodeHasBucket: false,
    rooms: null,
  }
}

/** What breaks when the sound evidence is changed so: numbers of invariants, each with the ids that it names. */
function broken(change: Partial<Evidence>): Record<number, string[]> {
  const results = checkInvariants({ ...soundEvidence(), ...change })
  return Object.fromEntries(
    results.filter((found) => found.broken.length > 0).map((found) => [found.number, found.broken]),
  )
}

const { answers, mails, redemptions, members, codes } = soundEvidence()
const withRow = (id: Id, change: Partial<RedemptionRow>) =>
  redemptions.map((found) => (found.id === id ? { ...found, ...change } : found))

describe('sound evidence', () => {
  it('breaks nothing, and every check looked at something', () => {
    const results = checkInvariants(soundEvidence())
    expect(results.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10, 12])
    expect(results.filter((found) => found.broken.length > 0)).toEqual([])
    expect(results.filter(({ examined }) => examined === 0)).toEqual([])
  })

  it('an empty system shows nothing', () => {
    const nothing = {
      answers: [],
      mails: [],
      redemptions: [],
      members: [],
      teams: [],
      codes: [],
      refunds: [],
      invites: [],
    }
    const results = checkInvariants({ ...soundEvidence(), ...nothing, occupancy: { samples: 0, exceeded: [] } })
    expect(results.every(({ examined, broken: ids }) => examined === 0 && ids.length === 0)).toBe(true)
  })
})

describe('1: uses', () => {
  it('an overselling mode: more people were told 202 than there are uses', () => {
    const told = { outcome: 'accepted', redemption_id: 'r-9', email: 'eve@load.test', code: 'HOT' } as const
    expect(broken({ answers: [...answers, told] })).toMatchObject({ 1: ['HOT'], 2: ['r-9'] })
  })

  it('a 202 without an id counts for each person', () => {
    const told = (email: string) => ({ ...accepted('r-1'), redemption_id: '', email })
    expect(broken({ answers: [...answers, told('gus@load.test')] })).toEqual({
      1: ['HOT'],
      2: ['the 202 without an id for gus@load.test'],
    })
  })

  it('the ledger holds more than there are uses, expired ones among them', () => {
    expect(broken({ codes: [{ code: 'HOT', max_uses: 2, used_count: 3 }], buckets: null })).toEqual({ 1: ['HOT'] })
  })

  it('a code that held too many at some moment under load', () => {
    expect(broken({ occupancy: { samples: 4, exceeded: ['HOT'] } })).toEqual({ 1: ['HOT'] })
  })

  it('the same 202 twice is one use', () => {
    expect(broken({ answers: [...answers, accepted('r-1')] })).toEqual({})
  })
})

describe('2: every 202 ends', () => {
  it('one that never ends', () => {
    const change = { redemptions: withRow('r-2', { status: 'sending' }), liveJobs: ['r-2'], drained: false }
    expect(broken(change)).toEqual({ 2: ['r-2'], 12: ['not in time', 'r-2'] })
  })

  it('one that the ledger never saw', () => {
    const lost = { ...refusal('gus@load.test'), outcome: 'accepted', redemption_id: 'r-lost' } as const
    expect(broken({ answers: [...answers.slice(1), lost], codes, buckets: { HOT: 0 } })).toEqual({ 2: ['r-lost'] })
  })

  it("one that names somebody else's redemption", () => {
    const wrong = { ...accepted('r-1'), email: 'gus@load.test' }
    expect(broken({ answers: [...answers, wrong] })).toEqual({ 2: ['r-1'] })
  })
})

describe('3: a clear no', () => {
  it('a rejected one who holds a redemption', () => {
    const told = [...answers.slice(1), refusal(EMAILS['r-1'])]
    expect(broken({ answers: told })).toEqual({ 3: ['r-1'] })
  })

  it('whoever was also accepted, or does not know, may hold one', () => {
    expect(broken({ answers: [...answers, refusal(EMAILS['r-1'])] })).toEqual({})
    const unsure = { ...refusal(EMAILS['r-1']), outcome: 'indeterminate' } as const
    expect(broken({ answers: [...answers.slice(1), refusal(EMAILS['r-1']), unsure] })).toEqual({})
  })
})

describe('4: counts', () => {
  it('a used_count that is not what the ledger says', () => {
    expect(broken({ codes: [{ code: 'HOT', max_uses: 3, used_count: 2 }], buckets: null })).toEqual({ 4: ['HOT'] })
  })

  it('a bucket that says something else', () => {
    expect(broken({ buckets: { HOT: 1 } })).toEqual({ 4: ['HOT'] })
    expect(broken({ buckets: { HOT: null } })).toEqual({})
    expect(broken({ buckets: { HOT: null }, everyCodeHasBucket: true })).toEqual({ 4: ['HOT'] })
  })
})

describe('5: one active redemption', () => {
  it('two for one person, however the address is written', () => {
    const twice = withRow('r-2', { email: ' ADA@load.test' })
    expect(broken({ redemptions: twice })[5]).toEqual(['r-1', 'r-2'])
    const both = {
      redemptions: twice,
      mails: [mail('r-1'), { redemption_id: 'r-2', rebind_id: null, to: EMAILS['r-1'] }, mail('r-4')],
    }
    const told = answers.filter(({ redemption_id: id }) => id !== 'r-2')
    expect(broken({ ...both, answers: told })).toEqual({ 5: ['r-1', 'r-2'] })
  })

  it('a new one after a refund is fine', () => {
    const again = { ...row('r-1', 'refunded'), id: 'r-0' }
    expect(broken({ redemptions: [...redemptions, again], refunds: ['r-0', 'r-3'] })).toEqual({})
  })
})

describe('6: seats', () => {
  const team = (seats_taken: number, max_seats = 5) => [{ id: 1, max_seats, seats_taken }]

  it('a seat given twice', () => {
    expect(broken({ members: [member('r-1', 1), member('r-2', 1)] })).toEqual({ 6: ['seat 1/1'] })
  })

  it('a seat beyond the capacity, by its number and by the count', () => {
    expect(broken({ members: [member('r-1', 1), member('r-2', 6)] })).toEqual({ 6: ['seat 1/6'] })
    expect(broken({ members: [member('r-1', 1), member('r-2', 2)], teams: team(2, 1) })).toEqual({
      6: ['seat 1/2', 'team 1'],
    })
  })

  it('one who was sent an invite without a seat, and one with two', () => {
    expect(broken({ members: [member('r-1', 1)], teams: team(1) })).toEqual({ 6: ['r-2'] })
    expect(broken({ members: [...members, member('r-2', 3)], teams: team(3) })).toEqual({ 6: ['r-2'] })
  })

  it('a refunded seat that is still taken, and one of nobody', () => {
    expect(broken({ members: [...members, member('r-3', 3)], teams: team(3) })).toEqual({ 6: ['r-3'] })
    expect(broken({ members: [...members, member('r-9', 3)], teams: team(3) })).toEqual({ 6: ['r-9'] })
  })

  it('a team that counts wrongly', () => {
    expect(broken({ teams: team(3) })).toEqual({ 6: ['team 1'] })
  })
})

describe('7: refunds', () => {
  it('refunded twice', () => {
    expect(broken({ refunds: ['r-3', 'r-3'] })).toEqual({ 7: ['r-3'] })
  })

  it('a mail arrived and it was refunded', () => {
    expect(broken({ mails: [...(mails ?? []), mail('r-3')] })).toEqual({ 7: ['r-3'] })
  })

  it('recorded as sent and as refunded', () => {
    expect(broken({ invites: ['r-3'] })).toEqual({ 7: ['r-3'] })
    expect(broken({ refunds: ['r-3', 'r-1'] })).toEqual({ 7: ['r-1'] })
  })

  it('refunded without a record', () => {
    expect(broken({ refunds: [] })).toEqual({ 7: ['r-3'] })
  })
})

describe('8: mails', () => {
  const all = mails ?? []

  it('a lost mail, and one to somebody else', () => {
    expect(broken({ mails: all.filter(({ redemption_id: id }) => id !== 'r-1') })).toEqual({ 8: ['r-1'] })
    expect(broken({ mails: all.map((found) => ({ ...found, to: 'eve@load.test' })) })).toEqual({ 8: ['r-1', 'r-2'] })
  })

  it('a doubled mail breaks it without a kill, and is allowed with one', () => {
    const doubled = [...all, mail('r-2')]
    expect(broken({ mails: doubled })).toEqual({ 8: ['r-2'] })
    expect(broken({ mails: doubled, kills: 1 })).toEqual({})
    expect(broken({ mails: [...doubled, mail('r-2')], kills: 1 })).toEqual({ 8: ['r-2'] })
  })

  it('a mail that no redemption stands behind', () => {
    const nobodys = { redemption_id: 'r-9', rebind_id: null, to: 'eve@load.test' }
    const strange = [...all, nobodys, { redemption_id: null, rebind_id: null, to: 'a@load.test' }]
    expect(broken({ mails: strange })).toEqual({ 8: ['r-9', 'mail to a@load.test'] })
  })

  it('a sink that came later is not asked for the mails before it', () => {
    expect(broken({ mails: all.filter(({ redemption_id: id }) => id !== 'r-1'), sentBeforeSink: ['r-1'] })).toEqual({})
  })

  it('a mail about a rebind is no duplicate, and stands for no invite', () => {
    const rebind = { ...mail('r-1'), rebind_id: 'm-1' }
    expect(broken({ mails: [...all, rebind, { ...rebind, redemption_id: null }] })).toEqual({})
    const others = all.filter(({ redemption_id: id }) => id !== 'r-1')
    expect(broken({ mails: [...others, rebind] })).toEqual({ 8: ['r-1'] })
  })

  it('without a sink nothing is examined', () => {
    const found = checkInvariants({ ...soundEvidence(), mails: null }).find(({ number }) => number === 8)
    expect(found).toMatchObject({ examined: 0, broken: [] })
  })
})

describe('10: orphans', () => {
  // Not accepted by any client, so that only its place in the pipeline is judged.
  const waiting = [...redemptions, { ...row('r-1', 'enqueued'), id: 'r-5', email: 'hal@load.test' }]
  const more = { redemptions: waiting, codes: [{ code: 'HOT', max_uses: 4, used_count: 4 }], drained: null }

  it('an unfinished row that neither job nor outbox carries', () => {
    expect(broken(more)).toEqual({ 10: ['r-5'] })
    expect(broken({ ...more, liveJobs: ['r-5'] })).toEqual({})
    expect(broken({ ...more, pendingOutbox: ['r-5'] })).toEqual({})
  })

  it('a job and an outbox row without a redemption', () => {
    expect(broken({ liveJobs: ['r-9'] })).toEqual({ 10: ['r-9'] })
    expect(broken({ pendingOutbox: ['r-8'] })).toEqual({ 10: ['r-8'] })
  })

  it('without anybody who knows the jobs an unfinished row is not judged', () => {
    const results = checkInvariants({ ...soundEvidence(), ...more, liveJobs: null })
    expect(results.find(({ number }) => number === 10)).toMatchObject({ examined: 4, broken: [] })
  })
})

describe('12: drained', () => {
  it('not in time, although every row is at its end: something is stuck before the ledger', () => {
    expect(broken({ drained: false })).toEqual({ 12: ['not in time'] })
  })

  it('is not examined when nobody waited', () => {
    const found = checkInvariants({ ...soundEvidence(), drained: null }).find(({ number }) => number === 12)
    expect(found).toMatchObject({ examined: 0, broken: [] })
  })
})

it('names at most 20 ids of each', () => {
  const strange = Array.from({ length: 50 }, (_, index) => `job-${index}`)
  expect(broken({ liveJobs: strange })[10]).toHaveLength(20)
})
