import { z } from 'zod'
import { emailOf, plainText, type Recipe, type RecipeParts, readText, type Script } from './recipe.ts'
import { getFrom, postTo } from './request-text.ts'

/** Each person redeems the code and then asks for the status so many times, whatever it says. */
export const pollStatusSchema = z.object({
  kind: z.literal('poll-status'),
  code: plainText,
  polls: z.number().int().positive(),
  /** From an answer to the next poll, in milliseconds. */
  think_ms: z.number().nonnegative().max(5_000),
  email_prefix: plainText,
})

export function createPollStatus(
  { code, polls, think_ms: waitMs, email_prefix: prefix }: z.output<typeof pollStatusSchema>,
  { url, crowd }: RecipeParts,
): Recipe {
  const post = postTo(url, '/api/v1/public/direct-redeem')
  const get = getFrom(url, '/api/v1/public/redemptions/')
  function* connect(): Script {
    for (let person = crowd.next(); person !== null; person = crowd.next()) {
      const email = emailOf(prefix, person)
      const { status, body } = yield {
        step: 'redeem',
        email,
        code,
        text: post(`{"email":"${email}","code":"${code}"}`),
      }
      if (status !== 202) continue
      // The bare route of the ceiling names no redemption.
      const text = get(readText(body, 'redemption_id') || 'none')
      for (let poll = 0; poll < polls; poll++) yield { step: 'status', email, code, text, waitMs }
    }
  }
  return { steps: ['redeem', 'status'], connect, room: null }
}
