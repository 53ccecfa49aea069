import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { addressOf } from './pass-waiting-room.ts'
import type { Answer, OutgoingRequest, Script } from './recipe.ts'
import { createRecipe } from './registry.ts'
import { formatFor } from './request-text.ts'
import { requestsSchema } from './requests.ts'

const accepted = (id = 'r-1'): Answer => ({ status: 202, body: JSON.stringify({ redemption_id: id }) })
const json = (value: unknown, status = 200): Answer => ({ status, body: JSON.stringify(value) })

/** So many people go through the recipe, one after another. @returns what was sent */
function play(requests: object, people: number, answer: (request: OutgoingRequest) => Answer) {
  const recipe = createRecipe(requestsSchema.parse({ email_prefix: 'p', ...requests }))
  const numbers = Array.from({ length: Math.min(people, recipe.mostPeople) }, (_, index) => index + 1)
  return { sent: numbers.flatMap((person) => walk(recipe.visit(person), answer)), room: recipe.room }
}

function walk(script: Script, answer: (request: OutgoingRequest) => Answer): OutgoingRequest[] {
  const sent: OutgoingRequest[] = []
  for (let next = script.next({ status: 0, body: '' }); !next.done; next = script.next(answer(next.value)))
    sent.push(next.value)
  return sent
}

const shortly = ({ step, email, code }: OutgoingRequest) => `${step} ${email} ${code}`
const firstLine = ({ method, path }: OutgoingRequest) => `${method} ${path}`
const bodyOf = ({ body }: OutgoingRequest) => body ?? ''
const format = formatFor('http://127.0.0.1:3000')

describe('formatFor', () => {
  it('makes whole requests', () => {
    const { sent } = play({ kind: 'redeem-shared', codes: ['A'], seed: 1 }, 1, () => accepted())
    const [request] = sent as [OutgoingRequest]
    expect(format(request)).toMatch(
      /^POST \/api\/v1\/public\/direct-redeem HTTP\/1\.1\r\nHost: 127\.0\.0\.1:3000\r\n(.+: .+\r\n)+\r\n\{"email":"p-1@load\.test","code":"A"\}$/,
    )
    expect(format(request)).toContain(`Content-Length: ${bodyOf(request).length}\r\n`)
  })

  it('a GET has no body, and the headers of its own', () => {
    const request = { step: 'place', email: 'e', code: 'c', method: 'GET', path: '/p', headers: { A: '1' } } as const
    expect(format(request)).toMatch(/^GET \/p HTTP\/1\.1\r\n(.+\r\n)+A: 1\r\n\r\n$/)
  })

  it('a header of its own comes in the place of the one that would be sent', () => {
    const headers = { host: 'api.local', 'content-type': 'application/merge-patch+json' }
    const text = format({ step: 'redeem', email: 'e', code: 'c', method: 'PATCH', path: '/p', headers, body: '{}' })
    expect(text.split('\r\n').filter((line) => /^(host|content-type|accept):/i.test(line))).toEqual([
      'Accept: application/json',
      'host: api.local',
      'content-type: application/merge-patch+json',
    ])
  })
})

describe('custom', () => {
  it('fills in cells of tables and columns of any name, a row for each person', () => {
    const request = { name: 'a', weight: 1, method: 'POST', headers: { 'X-Of': '{{my-users.v2.first name}}' } }
    const data = {
      'my-users.v2': [
        { 'user-id': '7', 'first name': 'Ada' },
        { 'user-id': '8', 'first name': 'Bo' },
      ],
    }
    const template = { ...request, path: '/{{ my-users.v2.user-id }}', body: '{"n":{{person}}}', status: [200] }
    const requests = [{ ...template, body_contains: null }]
    const { sent } = play({ kind: 'custom', seed: 1, requests, data }, 2, () => json({}))
    expect(sent.map(({ path, body, headers }) => [path, body, headers?.['X-Of']])).toEqual([
      ['/7', '{"n":1}', 'Ada'],
      ['/8', '{"n":2}', 'Bo'],
    ])
  })
})

describe('redeem-shared', () => {
  it('each request is of another person, over all codes', () => {
    const { sent } = play({ kind: 'redeem-shared', codes: ['A', 'B'], seed: 1 }, 50, () => accepted())
    expect(new Set(sent.map(({ email }) => email)).size).toBe(50)
    expect(new Set(sent.map(({ code }) => code))).toEqual(new Set(['A', 'B']))
  })
})

describe('redeem-personal', () => {
  const requests = { kind: 'redeem-personal', code_prefix: 'MINE', codes: 5, repeat_every: 2, stranger_every: 3 }

  it('a code each; some ask twice, some codes are tried by a stranger', () => {
    const { sent } = play(requests, 4, () => accepted())
    expect(sent.map(shortly)).toEqual([
      'redeem p-1@load.test MINE-1',
      'redeem stranger-p-1@load.test MINE-1',
      'redeem p-2@load.test MINE-2',
      'repeat p-2@load.test MINE-2',
      'redeem p-3@load.test MINE-3',
      'redeem p-4@load.test MINE-4',
      'repeat p-4@load.test MINE-4',
      'redeem stranger-p-4@load.test MINE-4',
    ])
    expect(firstLine(sent[0] as OutgoingRequest)).toBe('POST /api/v1/public/redeem')
    expect(sent[3]?.body).toBe(sent[2]?.body)
  })

  it('nobody tries a code whose owner got no clear yes: it may be free', () => {
    expect(play(requests, 4, () => json({}, 503)).sent).toHaveLength(4)
  })

  it('ends when no code is left', () => {
    expect(play({ ...requests, repeat_every: 99, stranger_every: 99 }, 100, () => json({}, 409)).sent).toHaveLength(5)
  })
})

describe('poll-status', () => {
  const requests = { kind: 'poll-status', code: 'HOT', polls: 3, think_ms: 20 }

  it('asks for the own redemption, each time after the think time', () => {
    const { sent } = play(requests, 1, ({ step }) => (step === 'redeem' ? accepted('r-7') : json({ status: 'sent' })))
    expect(sent.map(({ step, waitMs }) => [step, waitMs])).toEqual([
      ['redeem', undefined],
      ['status', 20],
      ['status', 20],
      ['status', 20],
    ])
    expect(sent.slice(1).map(firstLine)).toEqual(Array(3).fill('GET /api/v1/public/redemptions/r-7'))
  })

  it('whoever was refused has nothing to ask for', () => {
    expect(play(requests, 3, () => json({}, 409)).sent).toHaveLength(3)
  })
})

describe('pass-waiting-room', () => {
  const activity = randomUUID()
  const requests = { kind: 'pass-waiting-room', activity_id: activity, code: 'ROOM', poll_ms: 50 }
  const never = { without_pass_every: 99, enter_twice_every: 99 }

  /** Each second question for the place brings a pass. */
  function room(changes: Partial<Record<OutgoingRequest['step'], Answer>> = {}) {
    let seq = 0
    let asked = 0
    return ({ step, headers }: OutgoingRequest): Answer => {
      const change = changes[step]
      if (change) return change
      if (step === 'enter') return json({ session_id: 's-1', seq: ++seq })
      if (step === 'place') return json({ seq, pass: ++asked % 2 === 0 ? 'a.b' : null })
      return headers?.['Redline-Pass'] === 'a.b' ? accepted() : json({}, 403)
    }
  }

  it('enters, waits for the pass and redeems with it, from an address of its own', () => {
    const { sent, room: seen } = play({ ...requests, ...never }, 2, room())
    expect(sent.map(({ step }) => step)).toEqual(Array(2).fill(['enter', 'place', 'place', 'redeem']).flat())
    expect(JSON.parse(bodyOf(sent[0] as OutgoingRequest))).toEqual({ activity_id: activity, user_hash: 'p-1' })
    expect(firstLine(sent[1] as OutgoingRequest)).toBe(
      `GET /api/v1/queue/status?activity_id=${activity}&session_id=s-1`,
    )
    expect(sent.map(({ waitMs }) => waitMs ?? 0).slice(0, 4)).toEqual([0, 50, 50, 0])
    expect(sent[3]?.headers?.['Redline-Pass']).toBe('a.b')
    const addresses = sent.map(({ headers }) => headers?.['X-Forwarded-For'])
    expect(new Set(addresses)).toEqual(new Set(['10.0.0.1', '10.0.0.2']))
    expect(seen).toMatchObject({ entered: [1, 2], passes: [{ seq: 1 }, { seq: 2 }], lost_enters: 0 })
  })

  it('notes who got in without a pass, and who got another number at a second time', () => {
    const all = { ...requests, without_pass_every: 1, enter_twice_every: 1 }
    expect(play(all, 1, room()).room).toMatchObject({
      tried_without_pass: 1,
      accepted_without_pass: [],
      entered_again: [[1, 2]],
    })
    expect(play(all, 1, room({ redeem: accepted() })).room?.accepted_without_pass).toEqual(['p-1@load.test'])
  })

  it('whoever cannot enter leaves; only of an unknown outcome a number may be missing', () => {
    const refused = play({ ...requests, ...never }, 3, room({ enter: json({}, 429) }))
    expect(refused.sent).toHaveLength(3)
    expect(refused.room).toMatchObject({ entered: [], lost_enters: 0 })
    const lost = play({ ...requests, ...never }, 3, room({ enter: { status: 0, body: '' } }))
    expect(lost.room?.lost_enters).toBe(3)
  })

  it('leaves a room that answers with errors', () => {
    expect(play({ ...requests, ...never }, 1, room({ place: json({}, 503) })).sent).toHaveLength(2)
  })
})

describe('addressOf', () => {
  it.each([
    [1, '10.0.0.1'],
    [256, '10.0.1.0'],
    [16_777_215, '10.255.255.255'],
  ])('of person %d', (person, address) => expect(addressOf(person)).toBe(address))
})
