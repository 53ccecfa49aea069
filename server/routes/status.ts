import type { Router } from 'express'
import { z } from 'zod'
import { RequestError } from '../errors.ts'
import type { FindStatus } from '../redeem/find-status.ts'

/** In Redis ids stand in lower case. */
const redemptionId = z.uuid().toLowerCase()

/** Adds `GET /redemptions/:id`. */
export function addStatusRoutes(router: Router, findStatus: FindStatus): void {
  router.get('/redemptions/:id', async (request, response) => {
    const id = redemptionId.safeParse(request.params.id)
    const found = id.success ? await findStatus(id.data) : undefined
    if (found === undefined) throw new RequestError(404, 'redemption_not_found', 'There is no such redemption')
    response.set('Cache-Control', 'no-store').json({
      redemption_id: found.id,
      status: found.status,
      accepted_at: found.acceptedAt,
      sent_at: found.sentAt,
      refund_reason: found.refundReason,
    })
  })
}
