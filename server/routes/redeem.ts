import { type Response, Router } from 'express'
import { z } from 'zod'
import type { DenialReason, LimiterMode, Reservation } from '../limiters/limiter.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { createDeadline } from '../middleware/deadline.ts'
import { type Problem, sendProblem } from '../middleware/problem.ts'
import type { RedeemCode } from '../redeem/redeem-code.ts'
import { parseBody } from './parse-body.ts'

/** Printable and short; the address is normalised before it is stored or compared. */
const body = z.strictObject({
  email: z.string().trim().max(254).pipe(z.email()),
  code: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^[\w.-]+$/, 'may hold letters, digits, ".", "_" and "-"'),
})

const DENIALS: Record<DenialReason, Problem> = {
  not_found: { status: 404, code: 'code_not_found', title: 'There is no such code' },
  used_up: { status: 409, code: 'used_up', title: 'All uses of this code are taken' },
  refund_pending: { status: 409, code: 'refund_pending', title: 'Your earlier use of this code is being given back' },
  expired: { status: 410, code: 'expired', title: 'This code has expired' },
  rate_limited: { status: 429, code: 'rate_limited', title: 'This code is being redeemed too quickly' },
}

export interface RedeemRouteParts {
  readonly redeemCode: RedeemCode
  readonly mode: LimiterMode
  readonly metrics: Metrics
  readonly deadlineMs: number
}

export function createRedeemRoutes({ redeemCode, mode, metrics, deadlineMs }: RedeemRouteParts): Router {
  const router = Router()
  const endpoint = 'direct-redeem'
  const duration = metrics.redeemDuration.labels(endpoint, mode)

  router.post('/direct-redeem', async (request, response) => {
    const wish = parseBody(body, request)
    const stop = duration.startTimer()
    const deadline = createDeadline(response, deadlineMs)
    response.once('finish', () => {
      metrics.redeemRequests.inc({ endpoint, mode, status: response.statusCode })
      stop()
    })
    try {
      sendReservation(response, await redeemCode(wish, deadline), request.baseUrl)
    } finally {
      deadline.clear()
    }
  })
  return router
}

function sendReservation(response: Response, reservation: Reservation, baseUrl: string): void {
  if (reservation.outcome === 'denied') {
    const problem = DENIALS[reservation.reason]
    const { retryAfterSeconds } = reservation
    sendProblem(response, retryAfterSeconds === undefined ? problem : { ...problem, retryAfterSeconds })
    return
  }
  const { redemptionId } = reservation
  const status = reservation.outcome === 'repeated' ? reservation.status : 'reserved'
  response
    .status(202)
    .json({ redemption_id: redemptionId, status, status_url: `${baseUrl}/redemptions/${redemptionId}` })
}
