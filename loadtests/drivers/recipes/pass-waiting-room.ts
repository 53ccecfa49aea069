import { z } from 'zod'
import { type Answer, emailOf, plainText, type Recipe, type RecipeParts, readFields, type Script } from './recipe.ts'
import { getFrom, postTo } from './request-text.ts'
import { createRoomSightings, type RoomSightings } from './room-sightings.ts'

/**
 * Each person enters the room, asks for the place until there is a pass, and redeems with it. One of so many first
 * tries without a pass (which must be a 403), and one of so many enters twice (which must give the same number).
 */
export const passWaitingRoomSchema = z.object({
  kind: z.literal('pass-waiting-room'),
  activity_id: z.uuid(),
  code: plainText,
  /** From an answer to the next question for the place, in milliseconds. */
  poll_ms: z.number().positive().max(5_000),
  without_pass_every: z.number().int().positive(),
  enter_twice_every: z.number().int().positive(),
  email_prefix: plainText,
})
type Options = z.output<typeof passWaitingRoomSchema>

export function createPassWaitingRoom(options: Options, { url, crowd }: RecipeParts): Recipe {
  const room = createRoomSightings()
  const visit = createVisit(options, url, room)
  function* connect(): Script {
    for (let person = crowd.next(); person !== null; person = crowd.next()) yield* visit(person)
  }
  return { steps: ['redeem', 'enter', 'place'], connect, room }
}

function createVisit(options: Options, url: string, room: RoomSightings): (person: number) => Script {
  const { activity_id: activity, code, email_prefix: prefix } = options
  const toRedeem = postTo(url, '/api/v1/public/direct-redeem')
  const toEnter = postTo(url, '/api/v1/queue/enter')
  const toPlace = getFrom(url, `/api/v1/queue/status?activity_id=${activity}&session_id=`)
  return function* visit(person) {
    const email = emailOf(prefix, person)
    const address = `X-Forwarded-For: ${addressOf(person)}\r\n`
    const redemption = `{"email":"${email}","code":"${code}"}`
    if (person % options.without_pass_every === 0) {
      const { status } = yield { step: 'redeem', email, code, text: toRedeem(redemption, address) }
      noteWithoutPass(room, status, email)
    }
    const text = toEnter(`{"activity_id":"${activity}","user_hash":"${prefix}-${person}"}`, address)
    const ticket = readTicket(yield { step: 'enter', email, code, text }, room)
    if (ticket === null) return
    room.entered.push(ticket.seq)
    if (person % options.enter_twice_every === 0) {
      const again = readTicket(yield { step: 'enter', email, code, text }, room)
      if (again !== null) room.entered_again.push([ticket.seq, again.seq])
    }
    const ask = toPlace(ticket.session, address)
    for (;;) {
      const place = yield { step: 'place', email, code, text: ask, waitMs: options.poll_ms }
      if (place.status !== 200) return
      const { pass } = readFields(place.body)
      if (typeof pass !== 'string') continue
      room.passes.push({ seq: ticket.seq, at_ms: performance.timeOrigin + performance.now() })
      yield { step: 'redeem', email, code, text: toRedeem(redemption, `${address}Redline-Pass: ${pass}\r\n`) }
      return
    }
  }
}

function noteWithoutPass(room: RoomSightings, status: number, email: string): void {
  room.tried_without_pass++
  if (status === 202) room.accepted_without_pass.push(email)
}

/** A clear no takes no number; nobody knows of a time-out or a 5xx. */
function readTicket({ status, body }: Answer, room: RoomSightings): { session: string; seq: number } | null {
  if (status === 0 || status >= 500) room.lost_enters++
  if (status !== 200) return null
  const { session_id: session, seq } = readFields(body)
  return typeof session === 'string' && typeof seq === 'number' ? { session, seq } : null
}

/** An address of their own for 16 million people, out of a network that is nobody's (RFC 1918). */
export function addressOf(person: number): string {
  return `10.${(person >> 16) & 255}.${(person >> 8) & 255}.${person & 255}`
}
