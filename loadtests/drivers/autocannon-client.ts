import type { EventEmitter } from 'node:events'
import type { Client } from 'autocannon'
import type { LoadRecorder } from './load-recorder.ts'
import type { Answer, OutgoingRequest } from './recipes/recipe.ts'

/** A server that refuses connections is asked again after so many milliseconds, not at once and for ever. */
const RECONNECT_DELAY_MS = 100

/** The parts of autocannon 9's `lib/httpClient.js` that are used here although they are not its public interface. */
interface ClientInternals extends EventEmitter {
  destroyed: boolean
  requestIterator: {
    nextRequest(): void
    recordBody(request: unknown, status: number, body: string, headers: unknown): void
  }
  getRequestBuffer(): Buffer | string
  _doRequest(): void
  _connect(): void
  _destroyConnection(): void
  destroy(): void
}

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
  const { _doRequest: sendRequest, _connect: connect, _destroyConnection: destroyConnection } = inner
  let pending: OutgoingRequest | null = null
  /** Null while the pending request is still thought about. */
  let sentAt: number | null = null
  let lastAnswer = NO_ANSWER
  let hasFailed = false
  const wireBytes = { sent: 0, received: 0 }

  const lose = (reason: 'timeout' | 'connection_error' | 'unanswered') => {
    if (pending === null || sentAt === null) return
    recorder.lost(pending, reason)
    pending = null
  }
  const send = () => {
    if (inner.destroyed) return
    if (source.isClosed) inner.destroy()
    else sendRequest.call(inner)
  }
  inner.on('connError', () => {
    hasFailed = true
    lose('connection_error')
  })
  inner.on('response', (_status: number, bytes: number) => {
    wireBytes.received += bytes
  })
  inner._connect = () => {
    if (!hasFailed) return connect.call(inner)
    setTimeout(() => {
      if (!inner.destroyed) connect.call(inner)
    }, RECONNECT_DELAY_MS)
  }
  inner._destroyConnection = () => {
    // As long as the client goes on, only its timer does this.
    if (!inner.destroyed) lose('timeout')
    destroyConnection.call(inner)
  }
  inner._doRequest = () => {
    if (pending !== null) {
      // A new connection while the pending request is thought about: it will be sent over this one.
      if (sentAt === null) return
      // A new request while the last one waits: the server has ended the connection.
      lose('connection_error')
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
    hasFailed = false
    lastAnswer = { status, body }
    recorder.answered(answered, status, body, performance.now() - sentAt)
  }
  return { wireBytes, giveUp: () => lose('unanswered') }
}
