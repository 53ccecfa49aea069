import type { ErrorRequestHandler, Response, Router } from 'express'
import { z } from 'zod'
import type { DenialReason, LimiterMode, Reservation } from '../limiters/limiter.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { createDeadline } from '../middleware/deadline.ts'
import { type Problem, sendProblem } from '../middleware/problem.ts'
import { sendJson } from '../middleware/send-json.ts'
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

/** Adds `POST /direct-redeem`. Every answer is counted, also those that never came to the use case (400, 413, 415). */
export function addRedeemRoutes(router: Router, { redeemCode, mode, metrics, deadlineMs }: RedeemRouteParts): void {
  const endpoint = 'direct-redeem'
  const duration = metrics.redeemDuration.labels(endpoint, mode)
  const count = createStatusCounter(metrics, endpoint, mode)
  const countFailure: ErrorRequestHandler = (error, _request, response, next) => {
    response.once('finish', () => count(response.statusCode))
    next(error)
  }

  router.post('/direct-redeem', async (request, response) => {
    const wish = parseBody(body, request)
    const stop = duration.startTimer()
    const deadline = createDeadline(response, deadlineMs)
    try {
      sendReservation(response, await redeemCode(wish, deadline), request.baseUrl)
      count(response.statusCode)
    } finally {
      deadline.clear()
      stop()
    }
  })
  router.use('/direct-redeem', countFailure)
}

/** Looks the labels of a status up once: this runs for every request. */
function createStatusCounter(metrics: Metrics, endpoint: string, mode: LimiterMode): (status: number) => void {
  const children = new Map<number, { inc(): void }>()
  return (status) => {
    const child = children.get(status) ?? metrics.redeemRequests.labels(endpoint, mode, String(status))
    children.set(status, child)
    child.inc()
  }
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
  const body = { redemption_id: redemptionId, status, status_url: `${baseUrl}/redemptions/${redemptionId}` }
  sendJson(response, 202, body)
}
