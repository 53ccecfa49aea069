import { UnavailableError } from '../errors.ts'
import type { Deadline } from './limiter.ts'

/**
 * How often a line is looked over for those who waited too long or went away. Whoever gets a place sooner costs neither
 * a timer nor a signal.
 */
const LOOK_MS = 10

export interface Waiter<Grant> {
  /** @throws UnavailableError (by rejecting) when the wait was too long, the deadline passed or the client went away */
  readonly turn: Promise<Grant>
  /** Ends the wait; it has left the line then. */
  admit(grant: Grant): void
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
  isWatched: boolean
}

export function createWaitingLine<Grant>(maxWaitMs: number): WaitingLine<Grant> {
  const line = new Set<Place<Grant>>()
  let looking: NodeJS.Timeout | undefined

  function leave(place: Place<Grant>, why: string): void {
    if (line.delete(place)) place.refuse(new UnavailableError(why))
  }

  function watch(place: Place<Grant>): void {
    place.isWatched = true
    const { signal } = place.deadline
    const onAbort = () => leave(place, 'The request ended while it waited for a place')
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  }

  function look(): void {
    const now = performance.now()
    for (const place of line) {
      if (now >= place.giveUpAt) leave(place, `No place became free within ${maxWaitMs} ms`)
      else if (!place.isWatched) watch(place)
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
        line.delete(place)
        settle(grant)
      }
      const place = { deadline, giveUpAt: performance.now() + maxWaitMs, turn, admit, refuse, isWatched: false }
      line.add(place)
      return place
    },
    head: () => line.values().next().value,
  }
}
