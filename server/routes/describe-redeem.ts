import { z } from 'zod'
import { LIMIT_REFUSALS } from '../middleware/ip-limit.ts'
import { BODY_REFUSALS, FAILURES } from '../openapi/common-problems.ts'
import type { RouteDescription } from '../openapi/route-description.ts'
import { idempotencyKey, REFUSALS, redeemBody } from './redeem.ts'
import { redemptionStatus } from './status.ts'

export const acceptedAnswer = z
  .strictObject({ redemption_id: z.uuid(), status: redemptionStatus, status_url: z.string() })
  .meta({ id: 'Accepted' })

const headers = z.object({
  'Idempotency-Key': idempotencyKey
    .optional()
    .meta({ description: 'The same key with the same body gets the same redemption, for 24 hours' }),
})
const pass = z.object({
  'Redline-Pass': z.string().optional().meta({ description: 'A pass of the waiting room, for codes that ask for one' }),
})

const { pass_required, pass_invalid, pass_used, ...refusals } = REFUSALS
const common = {
  method: 'post',
  tag: 'Redeem',
  body: redeemBody.meta({ id: 'Redeem', example: { email: 'ada@example.com', code: 'WELCOME' } }),
  answer: { status: 202, description: 'Accepted; the invite follows by mail', schema: acceptedAnswer },
} as const
const problems = [...BODY_REFUSALS, ...LIMIT_REFUSALS, ...Object.values(refusals), ...FAILURES]

export const REDEEM_ROUTES: readonly RouteDescription[] = [
  {
    ...common,
    path: '/api/v1/public/direct-redeem',
    id: 'redeemShared',
    summary: 'Redeem a shared code',
    headers: headers.extend(pass.shape),
    problems: [...problems, pass_required, pass_invalid, pass_used],
  },
  {
    ...common,
    path: '/api/v1/public/redeem',
    id: 'redeemPersonal',
    summary: 'Redeem a personal code',
    description: 'Its first success binds it to the address.',
    headers: headers.extend(pass.shape),
    problems: [...problems, pass_required, pass_invalid, pass_used],
  },
]
