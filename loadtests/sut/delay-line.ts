import type { Socket } from 'node:net'

/** Above this much waiting data a sender is asked to pause. */
const MAX_QUEUED_BYTES = 1_048_576

/**
 * Joins two sockets so that a round trip costs as many milliseconds more as `roundTripMs` says then, half of it in each
 * direction. Order, half-closed connections and back-pressure are kept. Node's timers have steps of 1 ms and come late; by
 * what a request came late, its answer is delayed less, so that with 2 ms the rounding does not make 4 of them.
 */
export function joinDelayed(client: Socket, server: Socket, roundTripMs: () => number): void {
  const half = () => roundTripMs() / 2
  let lateness = 0
  const request = createDelayLine(client, server, half)
  createDelayLine(server, client, () => Math.max(0, half() - lateness))
  request.onDelivered = (tookMs) => {
    lateness = tookMs - half()
  }
}

interface DelayLine {
  /** Told how long the last piece was really held back, in milliseconds. */
  onDelivered: (tookMs: number) => void
}

interface Piece {
  arrivedAt: number
  dueAt: number
  /** Null stands for the end of the stream. */
  data: Buffer | null
}

function createDelayLine(from: Socket, to: Socket, delayMs: () => number): DelayLine {
  const queue: Piece[] = []
  const line: DelayLine = { onDelivered: () => undefined }
  let queuedBytes = 0
  let isBlocked = false
  let timer: NodeJS.Timeout | null = null

  const deliver = (piece: Piece) => {
    if (piece.data === null) return void to.end()
    queuedBytes -= piece.data.length
    isBlocked = !to.write(piece.data)
    line.onDelivered(performance.now() - piece.arrivedAt)
  }
  const flush = () => {
    timer = null
    while (!isBlocked && queue[0] && queue[0].dueAt <= performance.now()) deliver(queue.shift() as Piece)
    if (from.isPaused() && queuedBytes < MAX_QUEUED_BYTES / 2) from.resume()
    // The 'drain' of the receiver goes on with a blocked line.
    if (!isBlocked && queue[0]) timer = setTimeout(flush, Math.max(1, queue[0].dueAt - performance.now()))
  }
  const enqueue = (data: Buffer | null) => {
    const arrivedAt = performance.now()
    queue.push({ arrivedAt, dueAt: arrivedAt + delayMs(), data })
    queuedBytes += data?.length ?? 0
    if (queuedBytes > MAX_QUEUED_BYTES) from.pause()
    if (!timer && !isBlocked) flush()
  }
  from.on('data', enqueue)
  from.on('end', () => enqueue(null))
  to.on('drain', () => {
    isBlocked = false
    if (!timer) flush()
  })
  closeTogether(from, to, () => {
    if (timer) clearTimeout(timer)
  })
  return line
}

/** A connection that breaks on one side breaks on the other; one that ended in good order is let finish. */
function closeTogether(from: Socket, to: Socket, stopTimer: () => void): void {
  from.on('error', () => to.resetAndDestroy())
  from.on('close', () => {
    if (!from.readableEnded) to.destroy()
  })
  to.on('close', stopTimer)
}
