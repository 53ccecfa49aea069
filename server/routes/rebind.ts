import type { Router } from 'express'
import type { RebindOutcome } from '../db/ledger/rebind.ts'
import { createDeadline } from '../middleware/deadline.ts'
import { LIMIT_REFUSALS } from '../middleware/ip-limit.ts'
import { type Problem, sendProblem } from '../middleware/problem.ts'
import { BODY_REFUSALS, FAILURES } from '../openapi/common-problems.ts'
import type { RouteDescription } from '../openapi/route-description.ts'
import type { RebindSeat } from '../redeem/rebind-seat.ts'
import { acceptedAnswer } from './describe-redeem.ts'
import { parseBody } from './parse-body.ts'
import { REFUSALS, redeemBody, sendAccepted } from './redeem.ts'

type Refusal = Extract<RebindOutcome, { outcome: 'denied' }>['reason']

export const REBIND_REFUSALS: Record<Refusal, Problem> = {
  not_found: REFUSALS.not_found,
  not_sent_yet: {
    status: 409,
    code: 'not_sent_yet',
    title: 'Your invite is still on its way; move when it has arrived',
    retryAfterSeconds: 2,
  },
  no_other_seat: { status: 409, code: 'no_other_seat', title: 'No other team has a free seat' },
}

export const REBIND_ROUTE: RouteDescription = {
  method: 'post',
  path: '/api/v1/public/rebind',
  id: 'rebind',
  tag: 'Redeem',
  summary: 'Move to another team with a free seat',
  description: 'Spends no use; a second mail goes out.',
  body: redeemBody.meta({ example: { email: 'ada@example.com', code: 'WELCOME' } }),
  answer: { status: 202, description: 'Moved; the mail follows', schema: acceptedAnswer },
  problems: [...BODY_REFUSALS, ...LIMIT_REFUSALS, ...Object.values(REBIND_REFUSALS), ...FAILURES],
}

/** Adds `POST /rebind`: a holder moves to another team, and a second mail says to which. */
export function addRebindRoute(router: Router, rebindSeat: RebindSeat, deadlineMs: number): void {
  router.post('/rebind', async (request, response) => {
    const wish = parseBody(redeemBody, request)
    const deadline = createDeadline(response, deadlineMs)
    try {
      const outcome = await rebindSeat(wish, deadline)
      if (outcome.outcome === 'denied') sendProblem(response, REBIND_REFUSALS[outcome.reason])
      else sendAccepted(response, outcome.redemptionId, 'sent', request.baseUrl)
    } finally {
      deadline.clear()
    }
  })
}
