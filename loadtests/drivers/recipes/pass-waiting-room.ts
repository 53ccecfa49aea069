import { type Answer, emailOf, type Recipe, readFields, redeemBody } from './recipe.ts'
import type { PassWaitingRoom } from './requests.ts'
import type { RoomSightings } from './room-sightings.ts'

/**
 * Each person enters the room, asks for the place until there is a pass, and redeems with it. One of so many first
 * tries without a pass (which must be a 403), and one of so many enters twice (which must give the same number).
 */
export function createPassWaitingRoom(options: PassWaitingRoom): Recipe {
  const room = createRoomSightings()
  const visit = createVisit(options, room)
  return { steps: ['redeem', 'enter', 'place'], visit, mostPeople: Number.POSITIVE_INFINITY, room }
}

function createVisit(options: PassWaitingRoom, room: RoomSightings): Recipe['visit'] {
  const { activity_id: activity, code, email_prefix: prefix, poll_ms: waitMs } = options
  const redeem = { step: 'redeem', code, method: 'POST', path: '/api/v1/public/direct-redeem' } as const
  return function* visit(person) {
    const email = emailOf(prefix, person)
    const headers = { 'X-Forwarded-For': addressOf(person) }
    const body = redeemBody(email, code)
    if (person % options.without_pass_every === 0) {
      const { status } = yield { ...redeem, email, headers, body }
      noteWithoutPass(room, status, email)
    }
    const entry = `{"activity_id":"${activity}","user_hash":"${prefix}-${person}"}`
    const enter = { method: 'POST', path: '/api/v1/queue/enter', body: entry } as const
    const ticket = readTicket(yield { step: 'enter', email, code, headers, ...enter }, room)
    if (ticket === null) return
    room.entered.push(ticket.seq)
    if (person % options.enter_twice_every === 0) {
      const again = readTicket(yield { step: 'enter', email, code, headers, ...enter }, room)
      if (again !== null) room.entered_again.push([ticket.seq, again.seq])
    }
    const path = `/api/v1/queue/status?activity_id=${activity}&session_id=${ticket.session}`
    for (;;) {
      const place = yield { step: 'place', email, code, method: 'GET', path, headers, waitMs }
      if (place.status !== 200) return
      const { pass } = readFields(place.body)
      if (typeof pass !== 'string') continue
      room.passes.push({ seq: ticket.seq, at_ms: performance.timeOrigin + performance.now() })
      yield { ...redeem, email, headers: { ...headers, 'Redline-Pass': pass }, body }
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

function createRoomSightings(): RoomSightings {
  return {
    entered: [],
    lost_enters: 0,
    entered_again: [],
    passes: [],
    tried_without_pass: 0,
    accepted_without_pass: [],
  }
}
