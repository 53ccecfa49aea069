import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Client } from 'autocannon'
import { HTTPParser, type HTTPParserJS } from 'http-parser-js'
import { SKIP_BODY } from './answer-reader.ts'
import type { LoadRecorder } from './load-recorder.ts'
import type { Answer, OutgoingRequest } from './recipes/recipe.ts'

/** A server that refuses connections is asked again after so many milliseconds, not at once and for ever. */
const RECONNECT_DELAY_MS = 100

/** The parts of autocannon 9's `lib/httpClient.js` that are used here although they are not its public interface. */
interface ClientInternals extends EventEmitter {
  destroyed: boolean
  conn: Socket
  parser: HTTPParserJS
  pipelinedRequests: { clear(): void; addByteCount(bytes: number): void }
  requestIterator: {
    nextRequest(): void
    recordBody(request: unknown, status: number, body: string, headers: unknown): void
  }
  getRequestBuffer(): Buffer | string
  _doRequest(): void
  _connect(): void
  _destroyConnection(): void
  _resetConnection(): void
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
  /** For the moment at which it connects again. */
  let isWaiting = false
  /** The server ends this connection after its answer. */
  let isLastAnswer = false
  let renewParser: (() => HTTPParserJS) | undefined
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
  const connectNow = () => {
    renewParser ??= parsersLike(inner, (keepsAlive) => {
      isLastAnswer = !keepsAlive
    })
    inner.parser = renewParser()
    inner.pipelinedRequests.clear()
    isLastAnswer = false
    connect.call(inner)
    listen(inner)
  }
  inner._connect = () => {
    if (!hasFailed) return connectNow()
    if (isWaiting) return
    isWaiting = true
    setTimeout(() => {
      isWaiting = false
      if (!inner.destroyed) connectNow()
    }, RECONNECT_DELAY_MS)
  }
  inner._destroyConnection = () => {
    // As long as the client goes on, only its timer does this.
    if (!inner.destroyed) lose('timeout')
    destroyConnection.call(inner)
  }
  inner._doRequest = () => {
    if (isLastAnswer && !source.isClosed) return inner._resetConnection()
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

/**
 * Parsers that tell a client of autocannon what they read, one for each connection: what is left of the last answer would
 * otherwise be taken for the begin of the next one. Interim answers (1xx) are none, and 304 has no body, whatever its length.
 */
function parsersLike({ parser: first }: ClientInternals, onAnswer: (keepsAlive: boolean) => void): () => HTTPParserJS {
  const { kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete } = HTTPParser
  const [onHeaders, onBody] = [first[kOnHeaders], first[kOnBody]]
  const [onHeadersComplete, onMessageComplete] = [first[kOnHeadersComplete], first[kOnMessageComplete]]
  return () => {
    const parser = new HTTPParser(HTTPParser.RESPONSE)
    let status = 0
    let keepsAlive = true
    parser[kOnHeaders] = onHeaders
    parser[kOnBody] = onBody
    parser[kOnHeadersComplete] = (info) => {
      status = info.statusCode
      keepsAlive = info.shouldKeepAlive
      onHeadersComplete(info)
      return status === 304 ? SKIP_BODY : 0
    }
    parser[kOnMessageComplete] = () => {
      if (status < 200) return
      onAnswer(keepsAlive)
      onMessageComplete()
    }
    return parser
  }
}

/** In the place of autocannon's own ears, which a connection that is not used any more disturbs as well. */
function listen(inner: ClientInternals): void {
  const { conn, parser } = inner
  const isCurrent = () => inner.conn === conn && inner.parser === parser && !inner.destroyed
  const fail = (error: Error) => {
    if (!isCurrent()) return
    conn.destroy()
    inner.emit('connError', error)
    inner._connect()
  }
  for (const event of ['data', 'end', 'error']) conn.removeAllListeners(event)
  conn.on('error', fail)
  conn.on('data', (chunk: Buffer) => {
    if (!isCurrent()) return
    inner.pipelinedRequests.addByteCount(chunk.length)
    const fault = parser.execute(chunk)
    if (fault instanceof Error) fail(fault)
  })
  conn.on('end', () => {
    if (!isCurrent()) return
    // An answer without a length ends with its connection.
    parser.finish()
    if (!isCurrent()) return
    conn.destroy()
    inner._connect()
  })
}
