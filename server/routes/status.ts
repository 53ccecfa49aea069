import type { Request, Response, Router } from 'express'
import { z } from 'zod'
import type { RedemptionStatus } from '../db/ledger/find-redemption.ts'
import { RequestError } from '../errors.ts'
import { createDeadline } from '../middleware/deadline.ts'
import type { FindStatus } from '../redeem/find-status.ts'
import type { WatchStatus } from '../redeem/watch-status.ts'

/** In Redis ids stand in lower case. */
const redemptionId = z.uuid().toLowerCase()
/** How long a browser waits before it connects again. */
const RECONNECT_MS = 2_000
/** A comment so often keeps proxies from closing a quiet stream. */
const HEARTBEAT_MS = 15_000

export interface StatusRouteParts {
  readonly findStatus: FindStatus
  readonly watchStatus: WatchStatus
  readonly deadlineMs: number
}

/** Adds `GET /redemptions/:id`, and `/events` below it: the same as server-sent events, until the end of its way. */
export function addStatusRoutes(router: Router, { findStatus, watchStatus, deadlineMs }: StatusRouteParts): void {
  async function find(request: Request, response: Response): Promise<RedemptionStatus> {
    const id = redemptionId.safeParse(request.params['id'])
    const deadline = createDeadline(response, deadlineMs)
    try {
      const found = id.success ? await findStatus(id.data, deadline) : undefined
      if (found !== undefined) return found
    } finally {
      deadline.clear()
    }
    throw new RequestError(404, 'redemption_not_found', 'There is no such redemption')
  }

  router.get('/redemptions/:id', async (request, response) => {
    const found = await find(request, response)
    response.set('Cache-Control', 'no-store').json(present(found))
  })

  router.get('/redemptions/:id/events', async (request, response) => {
    const found = await find(request, response)
    const send = (status: RedemptionStatus) =>
      void response.write(`event: status\ndata: ${JSON.stringify(present(status))}\n\n`)
    const watch = watchStatus(found, send, () => response.end())
    const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS)
    response.once('close', () => {
      clearInterval(heartbeat)
      watch.stop()
    })
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
