import type { ErrorRequestHandler, Request, Response, Router } from 'express'
import { z } from 'zod'
import { RequestError } from '../errors.ts'
import type { CodeKind, LimiterMode } from '../limiters/limiter.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { createDeadline } from '../middleware/deadline.ts'
import { type Problem, sendProblem } from '../middleware/problem.ts'
import { sendJson } from '../middleware/send-json.ts'
import type { RedeemAnswer, RedeemCode, RefusalReason } from '../redeem/redeem-code.ts'
import { parseBody } from './parse-body.ts'

/** Printable and short; the address is normalised before it is stored or compared. */
export const redeemBody = z.strictObject({
  email: z.string().trim().max(254).pipe(z.email()),
  code: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^[\w.-]+$/, 'may hold letters, digits, ".", "_" and "-"'),
})

export const idempotencyKey = z.string().regex(/^[!-~]{1,255}$/, 'expected 1 to 255 visible ASCII characters')

/** What each refusal says; 404 is the same for codes that are unknown, deactivated, of the other kind or somebody else's. */
export const REFUSALS: Record<RefusalReason, Problem> = {
  not_found: { status: 404, code: 'code_not_found', title: 'There is no such code' },
  pass_required: { status: 403, code: 'pass_required', title: 'This code needs a pass of its waiting room' },
  pass_invalid: { status: 403, code: 'pass_invalid', title: 'This pass is not valid, or not for this code' },
  pass_used: { status: 403, code: 'pass_used', title: 'This pass was used already' },
  used_up: { status: 409, code: 'used_up', title: 'All uses of this code are taken' },
  refund_pending: { status: 409, code: 'refund_pending', title: 'Your earlier use of this code is being given back' },
  expired: { status: 410, code: 'expired', title: 'This code has expired' },
  key_reused: {
    status: 422,
    code: 'idempotency_key_reused',
    title: 'This idempotency key was used with another request',
  },
  rate_limited: { status: 429, code: 'rate_limited', title: 'This code is being redeemed too quickly' },
}

/** Which kind of code each path takes. */
const ENDPOINTS: readonly [path: string, kind: CodeKind][] = [
  ['direct-redeem', 'shared'],
  ['redeem', 'personal'],
]

export interface RedeemRouteParts {
  readonly redeemCode: RedeemCode
  readonly mode: LimiterMode
  readonly metrics: Metrics
  readonly deadlineMs: number
}

/**
 * Adds `POST /direct-redeem` and `POST /redeem`. Every answer is counted, also those that never came to the use case
 * (400, 413, 415).
 */
export function addRedeemRoutes(router: Router, parts: RedeemRouteParts): void {
  for (const [endpoint, kind] of ENDPOINTS) addRedeemRoute(router, endpoint, kind, parts)
}

function addRedeemRoute(
  router: Router,
  endpoint: string,
  kind: CodeKind,
  { redeemCode, mode, metrics, deadlineMs }: RedeemRouteParts,
): void {
  const duration = metrics.redeemDuration.labels(endpoint, mode)
  const count = createStatusCounter(metrics, endpoint, mode)
  const countFailure: ErrorRequestHandler = (error, _request, response, next) => {
    response.once('finish', () => count(response.statusCode))
    next(error)
  }
  router.post(`/${endpoint}`, async (request, response) => {
    const wish = { ...parseBody(redeemBody, request), ...readHeaders(request), kind }
    const stop = duration.startTimer()
    const deadline = createDeadline(response, deadlineMs)
    try {
      sendAnswer(response, await redeemCode(wish, deadline), request.baseUrl)
      count(response.statusCode)
    } finally {
      deadline.clear()
      stop()
    }
  })
  router.use(`/${endpoint}`, countFailure)
}

function readHeaders({ headers }: Request) {
  const { 'idempotency-key': key, 'redline-pass': pass } = headers
  if (key !== undefined && !idempotencyKey.safeParse(key).success) {
    const detail = 'Idempotency-Key: expected 1 to 255 visible ASCII characters'
    throw new RequestError(400, 'invalid_request', 'The request is not valid', detail)
  }
  return { idempotencyKey: key as string | undefined, pass: pass as string | undefined }
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

function sendAnswer(response: Response, answer: RedeemAnswer, baseUrl: string): void {
  if (answer.outcome === 'denied') {
    const problem = REFUSALS[answer.reason]
    const { retryAfterSeconds } = answer
    sendProblem(response, retryAfterSeconds === undefined ? problem : { ...problem, retryAfterSeconds })
    return
  }
  const { redemptionId } = answer
  const status = answer.outcome === 'repeated' ? answer.status : 'reserved'
  sendAccepted(response, redemptionId, status, baseUrl)
}

export function sendAccepted(response: Response, redemptionId: string, status: string, baseUrl: string): void {
  const body = { redemption_id: redemptionId, status, status_url: `${baseUrl}/redemptions/${redemptionId}` }
  sendJson(response, 202, body)
}
