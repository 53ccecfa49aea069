import type { Client } from 'autocannon'
import { type ClientInternals, replaceConnections } from './autocannon-connection.ts'
import type { LoadRecorder } from './load-recorder.ts'
import type { Answer, OutgoingRequest } from './recipes/recipe.ts'

export interface RequestSource {
  /** The next request after the answer to the last one. Null when the load is over. */
  next(answer: Answer): OutgoingRequest | null
  /** The request as HTTP/1.1 text. */
  format(request: OutgoingRequest): string
  /** No more requests are to be sent, not even those that wait. */
  readonly isClosed: boolean
}

export interface AttachedClient {
  /** Of requests and their answers, so far. */
  readonly wireBytes: { sent: number; received: number }
  /** Reports a request that stays without an answer. */
  giveUp(): void
}

const NO_ANSWER: Answer = { status: 0, body: '' }

/**
 * Puts our own requests and our own clock into a connection of autocannon. Its public way (`setupRequest`) builds each
 * request out of objects and costs several times as much.
 */
export function attachClient(client: Client, source: RequestSource, recorder: LoadRecorder): AttachedClient {
  const inner = client as unknown as ClientInternals
  const { _doRequest: sendRequest, _destroyConnection: destroyConnection } = inner
  let pending: OutgoingRequest | null = null
  /** Null while the pending request is still thought about. */
  let sentAt: number | null = null
  let lastAnswer = NO_ANSWER
  /** It was thought about long enough while there was no connection. */
  let isDue = false
  const wireBytes = { sent: 0, received: 0 }
  const isAwaited = () => pending !== null && sentAt !== null

  const lose = (reason: 'timeout' | 'connection_error' | 'unanswered') => {
    if (pending === null || sentAt === null) return
    recorder.lost(pending, reason)
    pending = null
  }
  const connections = replaceConnections(inner, isAwaited)
  const send = () => {
    if (inner.destroyed) return
    if (source.isClosed) inner.destroy()
    else if (connections.isWaiting()) isDue = true
    else sendRequest.call(inner)
  }
  inner.on('connError', () => lose('connection_error'))
  inner.on('response', (_status: number, bytes: number) => {
    wireBytes.received += bytes
  })
  inner._destroyConnection = () => {
    // As long as the client goes on, only its timer does this.
    if (!inner.destroyed) lose('timeout')
    destroyConnection.call(inner)
  }
  inner._doRequest = () => {
    if (connections.isLastAnswer() && !source.isClosed) return inner._resetConnection()
    if (pending !== null) {
      // A new connection while the pending request is thought about: it will be sent over this one.
      if (isDue) sendRequest.call(inner)
      isDue = false
      return
    }
    pending = source.next(lastAnswer)
    lastAnswer = NO_ANSWER
    sentAt = null
    if (pending === null) inner.destroy()
    else if (pending.waitMs) setTimeout(send, pending.waitMs)
    else sendRequest.call(inner)
  }
  inner.getRequestBuffer = () => {
    sentAt = performance.now()
    if (pending === null) return ''
    const text = source.format(pending)
    wireBytes.sent += Buffer.byteLength(text)
    return text
  }
  inner.requestIterator.nextRequest = () => undefined
  inner.requestIterator.recordBody = (_request, status, body) => {
    if (pending === null || sentAt === null) return
    const answered = pending
    pending = null
    lastAnswer = { status, body }
    recorder.answered(answered, status, body, performance.now() - sentAt)
  }
  return { wireBytes, giveUp: () => lose('unanswered') }
}
