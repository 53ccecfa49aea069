import type { HttpConnections } from './http-connections.ts'
import type { LoadRecorder } from './load-recorder.ts'
import type { Answer, OutgoingRequest, Script } from './recipes/recipe.ts'

const NO_ANSWER: Answer = { status: 0, body: '' }

/** A request that has no answer yet. */
interface UnderWay {
  readonly request: OutgoingRequest
  /** It has found a connection. */
  isSent: boolean
}

export interface Visitors {
  /** Somebody comes, who was to come at this moment of `performance.now()`. */
  come(script: Script, intendedAt: number): void
  /** From now on nobody sends what was still thought about. */
  close(): void
  /** Resolves when nobody is left, after `close`. */
  allLeft(): Promise<void>
  /** @returns what has no answer yet; none that comes later counts */
  giveUp(): UnderWay[]
  /** People whose first request never found a connection. */
  neverSent(): number
}

/**
 * The people of an open loop, each with a script of their own.
 * @param format puts a request into HTTP text
 * @param onSent is told the milliseconds between the intended moment of a request and when it was sent
 */
export function createVisitors(
  connections: HttpConnections,
  format: (request: OutgoingRequest) => string,
  recorder: LoadRecorder,
  onSent: (lagMs: number) => void,
): Visitors {
  const underWay = new Set<UnderWay>()
  const thinking = new Set<NodeJS.Timeout>()
  let isClosed = false
  let unsentVisits = 0
  let tellLeft: (() => void) | undefined

  const leave = () => {
    if (isClosed && underWay.size === 0) tellLeft?.()
  }
  const goOn = (script: Script, answer: Answer, isFirst: boolean, intendedAt: number) => {
    const { done, value: request } = script.next(answer)
    if (done || (isClosed && !isFirst)) return leave()
    if (request.waitMs) think(script, request, intendedAt + request.waitMs)
    else send(script, request, isFirst, intendedAt)
  }
  const think = (script: Script, request: OutgoingRequest, dueAt: number) => {
    const timer = setTimeout(
      () => {
        thinking.delete(timer)
        send(script, request, false, dueAt)
      },
      Math.max(0, dueAt - performance.now()),
    )
    thinking.add(timer)
  }
  const send = (script: Script, request: OutgoingRequest, isFirst: boolean, intendedAt: number) => {
    const entry: UnderWay = { request, isSent: false }
    underWay.add(entry)
    if (isFirst) unsentVisits++
    connections.send({
      text: format(request),
      onSent() {
        entry.isSent = true
        if (isFirst) unsentVisits--
        onSent(performance.now() - intendedAt)
      },
      onAnswer(answer) {
        if (!underWay.delete(entry)) return
        const now = performance.now()
        recorder.answered(request, answer.status, answer.body, now - intendedAt, now)
        goOn(script, answer, false, now)
      },
      onError(isTimeout) {
        if (!underWay.delete(entry)) return
        recorder.lost(request, entry.isSent ? (isTimeout ? 'timeout' : 'connection_error') : 'not_sent')
        goOn(script, NO_ANSWER, false, performance.now())
      },
    })
  }
  return {
    come: (script, intendedAt) => goOn(script, NO_ANSWER, true, intendedAt),
    close() {
      isClosed = true
      for (const timer of thinking) clearTimeout(timer)
      thinking.clear()
    },
    allLeft: () =>
      new Promise((resolve) => {
        tellLeft = resolve
        leave()
      }),
    giveUp() {
      const left = [...underWay]
      underWay.clear()
      return left
    },
    neverSent: () => unsentVisits,
  }
}
