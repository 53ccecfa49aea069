import { z } from 'zod'
import { emailOf, plainText, type Recipe, readText, redeemBody, type Script } from './recipe.ts'

/** Each person redeems the code and then asks for the status so many times, whatever it says. */
export const pollStatusSchema = z.object({
  kind: z.literal('poll-status'),
  code: plainText,
  polls: z.number().int().positive(),
  /** From an answer to the next poll, in milliseconds. */
  think_ms: z.number().nonnegative().max(5_000),
  email_prefix: plainText,
})

export function createPollStatus({
  code,
  polls,
  think_ms: waitMs,
  email_prefix: prefix,
}: z.output<typeof pollStatusSchema>): Recipe {
  function* visit(person: number): Script {
    const email = emailOf(prefix, person)
    const redeem = { method: 'POST', path: '/api/v1/public/direct-redeem', body: redeemBody(email, code) } as const
    const { status, body } = yield { step: 'redeem', email, code, ...redeem }
    if (status !== 202) return
    // The bare route of the ceiling names no redemption.
    const path = `/api/v1/public/redemptions/${readText(body, 'redemption_id') || 'none'}`
    for (let poll = 0; poll < polls; poll++) yield { step: 'status', email, code, method: 'GET', path, waitMs }
  }
  return { steps: ['redeem', 'status'], visit, mostPeople: Number.POSITIVE_INFINITY, room: null }
}
