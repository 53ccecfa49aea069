import type { EventEmitter } from 'node:events'
import type { Client } from 'autocannon'
import type { LoadRecorder } from './load-recorder.ts'
import type { RedeemRequest } from './redeem-requests.ts'

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
  destroy(): void
}

export interface RequestSource {
  /** Null when the load is over. */
  next(): RedeemRequest | null
}

/**
 * Puts our own requests and our own clock into a connection of autocannon. Its public way (`setupRequest`) builds each
 * request out of objects and costs several times as much. Returns what reports a request that stays without an answer.
 */
export function attachClient(
  client: Client,
  source: RequestSource,
  recorder: LoadRecorder,
  timeoutMs: number,
): { giveUp(): void } {
  const inner = client as unknown as ClientInternals
  const { _doRequest: sendRequest, _connect: connect } = inner
  let pending: RedeemRequest | null = null
  let sentAt = 0
  let hasFailed = false

  const lose = (reason: 'timeout' | 'connection_error' | 'unanswered') => {
    if (pending) recorder.lost(pending, reason)
    pending = null
  }
  inner.on('connError', () => {
    hasFailed = true
    lose('connection_error')
  })
  inner._connect = () => {
    if (!hasFailed) return connect.call(inner)
    setTimeout(() => {
      if (!inner.destroyed) connect.call(inner)
    }, RECONNECT_DELAY_MS)
  }
  inner._doRequest = () => {
    // A new request while the last one waits: autocannon has given it up and connected anew.
    lose(performance.now() - sentAt >= timeoutMs ? 'timeout' : 'connection_error')
    pending = source.next()
    if (pending) sendRequest.call(inner)
    else inner.destroy()
  }
  inner.getRequestBuffer = () => {
    sentAt = performance.now()
    return pending?.text ?? ''
  }
  inner.requestIterator.nextRequest = () => undefined
  inner.requestIterator.recordBody = (_request, status, body) => {
    if (!pending) return
    const answered = pending
    pending = null
    hasFailed = false
    recorder.answered(answered, status, body, performance.now() - sentAt)
  }
  return { giveUp: () => lose('unanswered') }
}
