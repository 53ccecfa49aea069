import type { Request, Response, Router } from 'express'
import { z } from 'zod'
import type { RedemptionStatus } from '../db/ledger/find-redemption.ts'
import { RequestError } from '../errors.ts'
import { createDeadline } from '../middleware/deadline.ts'
import { FAILURES, PATH_REFUSALS, REDEMPTION_NOT_FOUND } from '../openapi/common-problems.ts'
import type { RouteDescription } from '../openapi/route-description.ts'
import type { FindStatus } from '../redeem/find-status.ts'
import type { WatchStatus } from '../redeem/watch-status.ts'

/** In Redis ids stand in lower case. */
const redemptionId = z.uuid().toLowerCase()
/** Of a redemption in the ledger. */
export const redemptionStatus = z.enum([
  'reserved',
  'enqueued',
  'seated',
  'sending',
  'sent',
  'expired',
  'refunding',
  'refunded',
])
const statusAnswer = z
  .strictObject({
    redemption_id: z.uuid(),
    status: redemptionStatus,
    accepted_at: z.iso.datetime(),
    sent_at: z.iso.datetime().nullable(),
    refund_reason: z.string().nullable(),
  })
  .meta({ id: 'RedemptionStatus' })
/** How long a browser waits before it connects again. */
const RECONNECT_MS = 2_000
const HEARTBEAT_MS = 15_000

const params = z.object({ id: z.uuid() })
const common = { method: 'get', tag: 'Redeem', params } as const
const problems = [...PATH_REFUSALS, REDEMPTION_NOT_FOUND, ...FAILURES]

export const STATUS_ROUTES: readonly RouteDescription[] = [
  {
    ...common,
    path: '/api/v1/public/redemptions/:id',
    id: 'findRedemption',
    summary: 'What became of a redemption',
    answer: { status: 200, description: 'Its status', schema: statusAnswer },
    problems,
  },
  {
    ...common,
    path: '/api/v1/public/redemptions/:id/events',
    id: 'watchRedemption',
    summary: 'The same as server-sent events',
    description: 'An event `status` at once and one per change; the stream ends after `sent`, `expired` or `refunded`.',
    answer: { status: 200, description: 'The events; `data` of each is a RedemptionStatus', type: 'text/event-stream' },
    problems,
  },
]

export interface StatusRouteParts {
  readonly findStatus: FindStatus
  readonly watchStatus: WatchStatus
  readonly deadlineMs: number
  /** A comment so often keeps proxies from closing a quiet stream. */
  readonly heartbeatMs?: number
}

/** Adds `GET /redemptions/:id`, and `/events` below it: the same as server-sent events, until the end of its way. */
export function addStatusRoutes(router: Router, parts: StatusRouteParts): void {
  const { findStatus, watchStatus, deadlineMs, heartbeatMs = HEARTBEAT_MS } = parts
  async function find(request: Request, response: Response): Promise<RedemptionStatus> {
    const id = redemptionId.safeParse(request.params['id'])
    const deadline = createDeadline(response, deadlineMs)
    try {
      const found = id.success ? await findStatus(id.data, deadline) : undefined
      if (found !== undefined) return found
    } finally {
      deadline.clear()
    }
    const { status, code, title } = REDEMPTION_NOT_FOUND
    throw new RequestError(status, code, title)
  }

  router.get('/redemptions/:id', async (request, response) => {
    const found = await find(request, response)
    response.set('Cache-Control', 'no-store').json(present(found))
  })

  router.get('/redemptions/:id/events', async (request, response) => {
    const found = await find(request, response)
    const { socket } = request
    // An answer that waits behind another one is not told that its connection has closed.
    if (socket.destroyed) return
    const send = (status: RedemptionStatus) =>
      void response.write(`event: status\ndata: ${JSON.stringify(present(status))}\n\n`)
    const watch = watchStatus(found, send, () => {
      stop()
      response.end()
    })
    const heartbeat = setInterval(() => response.write(':\n\n'), heartbeatMs)
    const stop = () => {
      clearInterval(heartbeat)
      watch.stop()
      response.off('close', stop)
      socket.off('close', stop)
    }
    response.once('close', stop)
    // Behind another answer on its connection a response has no socket yet, and would never hear of its end.
    socket.once('close', stop)
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    })
    response.write(`retry: ${RECONNECT_MS}\n\n`)
    watch.start()
  })
}

function present({ id, status, acceptedAt, sentAt, refundReason }: RedemptionStatus) {
  return { redemption_id: id, status, accepted_at: acceptedAt, sent_at: sentAt, refund_reason: refundReason }
}
