import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { HTTPParser, type HTTPParserJS } from 'http-parser-js'
import { SKIP_BODY } from './answer-reader.ts'

/** A server that ends connections without an answer is asked again after so many milliseconds, not at once and for ever. */
const RECONNECT_DELAY_MS = 100

/** The parts of autocannon 9's `lib/httpClient.js` that are used here although they are not its public interface. */
export interface ClientInternals extends EventEmitter {
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

export interface Connections {
  /** The connection is lost, and the next one is not made yet. */
  isWaiting(): boolean
  /** The server ends this connection after the answer that was read last. */
  isLastAnswer(): boolean
}

/**
 * Gives each connection of a client of autocannon a parser and ears of its own. Its one parser takes what is left of a lost
 * connection for the begin of the next answer, and its ears hear connections that are not used any more.
 * @param isAwaited whether a request is under way
 */
export function replaceConnections(inner: ClientInternals, isAwaited: () => boolean): Connections {
  const { _connect: connect } = inner
  let handlers: HTTPParserJS | undefined
  let hasFailed = false
  let isWaiting = false
  let isLast = false

  inner.on('connError', () => {
    hasFailed = true
  })
  const connectNow = () => {
    handlers ??= inner.parser
    inner.pipelinedRequests.clear()
    isLast = false
    connect.call(inner)
    const onAnswer = (keepsAlive: boolean) => {
      hasFailed = false
      isLast = !keepsAlive
    }
    takeOver(inner, handlers, isAwaited, onAnswer)
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
  return { isWaiting: () => isWaiting, isLastAnswer: () => isLast }
}

/** Interim answers (1xx) are none, a 304 has no body whatever its length, and an answer that nobody asked for is a fault. */
function takeOver(
  inner: ClientInternals,
  handlers: HTTPParserJS,
  isAwaited: () => boolean,
  onAnswer: (keepsAlive: boolean) => void,
): void {
  const { conn } = inner
  const { kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete } = HTTPParser
  const parser = new HTTPParser(HTTPParser.RESPONSE)
  let status = 0
  let keepsAlive = true
  /** With these bytes: the next request is sent by then, and what follows cannot be its answer. */
  let hasAnswered = false
  let isOver = false
  const isCurrent = () => !isOver && inner.conn === conn && !inner.destroyed
  const fail = (error: Error) => {
    if (!isCurrent()) return
    isOver = true
    conn.destroy()
    inner.emit('connError', error)
    inner._connect()
  }
  parser[kOnHeaders] = handlers[kOnHeaders]
  parser[kOnBody] = handlers[kOnBody]
  parser[kOnHeadersComplete] = (info) => {
    status = info.statusCode
    keepsAlive = info.shouldKeepAlive
    handlers[kOnHeadersComplete](info)
    return status === 304 ? SKIP_BODY : 0
  }
  parser[kOnMessageComplete] = () => {
    if (status < 200 || !isCurrent()) return
    if (!isAwaited() || hasAnswered) return fail(new Error('the server answered what nobody asked'))
    hasAnswered = true
    onAnswer(keepsAlive)
    handlers[kOnMessageComplete]()
  }
  inner.parser = parser
  for (const event of ['data', 'end', 'error']) conn.removeAllListeners(event)
  conn.on('error', fail)
  conn.on('data', (chunk: Buffer) => {
    if (!isCurrent()) return
    inner.pipelinedRequests.addByteCount(chunk.length)
    hasAnswered = false
    const fault = parser.execute(chunk)
    if (fault instanceof Error) fail(fault)
  })
  conn.on('end', () => {
    // An answer without a length ends with its connection.
    if (isCurrent()) parser.finish()
    if (!isCurrent()) return
    if (isAwaited()) return fail(new Error('the server ended the connection without an answer'))
    isOver = true
    conn.destroy()
    inner._connect()
  })
}
