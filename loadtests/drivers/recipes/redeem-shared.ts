import { z } from 'zod'
import { createRandom } from '../../analysis/random.ts'
import { emailOf, plainText, type Recipe, type RecipeParts, type Script } from './recipe.ts'
import { postTo } from './request-text.ts'

/** Each person redeems one of the codes, once. */
export const redeemSharedSchema = z.object({
  kind: z.literal('redeem-shared'),
  codes: z.array(plainText).min(1),
  email_prefix: plainText,
  /** Which code is taken when there are several is drawn from this seed. */
  seed: z.number().int(),
})

export function createRedeemShared(
  { codes, email_prefix: prefix, seed }: z.output<typeof redeemSharedSchema>,
  { url, crowd }: RecipeParts,
): Recipe {
  const random = createRandom(seed)
  const post = postTo(url, '/api/v1/public/direct-redeem')
  function* connect(): Script {
    for (let person = crowd.next(); person !== null; person = crowd.next()) {
      const email = emailOf(prefix, person)
      const code = (codes.length > 1 ? codes[Math.floor(random() * codes.length)] : codes[0]) as string
      yield { step: 'redeem', email, code, text: post(`{"email":"${email}","code":"${code}"}`) }
    }
  }
  return { steps: ['redeem'], connect, room: null }
}
