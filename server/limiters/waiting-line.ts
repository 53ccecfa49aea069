import { UnavailableError } from '../errors.ts'
import type { Deadline } from './limiter.ts'

/** How often a line is looked over for those who waited too long or went away: no timer and no listener for each. */
const LOOK_MS = 10

export interface Waiter<Grant> {
  /** @throws UnavailableError (by rejecting) when the wait was too long, the deadline passed or the client went away */
  readonly turn: Promise<Grant>
  /** Ends the wait; it has left the line then. @returns false when it was refused: nobody waits for it any more */
  admit(grant: Grant): boolean
}

/** Those who wait for a place, in order of arrival. */
export interface WaitingLine<Grant> {
  readonly size: number
  join(deadline: Deadline): Waiter<Grant>
  head(): Waiter<Grant> | undefined
}

interface Place<Grant> extends Waiter<Grant> {
  readonly deadline: Deadline
  readonly giveUpAt: number
  readonly refuse: (error: UnavailableError) => void
}

const WENT_AWAY = 'The request ended while it waited for a place'

export function createWaitingLine<Grant>(maxWaitMs: number): WaitingLine<Grant> {
  const line = new Set<Place<Grant>>()
  let looking: NodeJS.Timeout | undefined

  function leave(place: Place<Grant>, why: string): void {
    if (line.delete(place)) place.refuse(new UnavailableError(why))
  }

  function look(): void {
    const now = performance.now()
    for (const place of line) {
      if (now >= place.giveUpAt) leave(place, `No place became free within ${maxWaitMs} ms`)
      else if (place.deadline.signal.aborted) leave(place, WENT_AWAY)
    }
    if (line.size > 0) return
    clearInterval(looking)
    looking = undefined
  }

  return {
    get size() {
      return line.size
    },
    join(deadline) {
      looking ??= setInterval(look, LOOK_MS)
      let [settle, refuse]: [(grant: Grant) => void, Place<Grant>['refuse']] = [() => {}, () => {}]
      const turn = new Promise<Grant>((resolve, reject) => {
        settle = resolve
        refuse = reject
      })
      const admit = (grant: Grant) => {
        // It may have gone since the last look.
        const isGone = deadline.signal.aborted
        if (isGone) leave(place, WENT_AWAY)
        else settle(grant)
        line.delete(place)
        return !isGone
      }
      const place = { deadline, giveUpAt: performance.now() + maxWaitMs, turn, admit, refuse }
      line.add(place)
      return place
    },
    head: () => line.values().next().value,
  }
}
