import { z } from 'zod'
import { createRandom } from '../../analysis/random.ts'
import { emailOf, plainText, type Recipe, redeemBody, type Script } from './recipe.ts'

/** Each person redeems one of the codes, once. */
export const redeemSharedSchema = z.object({
  kind: z.literal('redeem-shared'),
  codes: z.array(plainText).min(1),
  email_prefix: plainText,
  /** Which code is taken when there are several is drawn from this seed. */
  seed: z.number().int(),
})

export function createRedeemShared({ codes, email_prefix: prefix, seed }: z.output<typeof redeemSharedSchema>): Recipe {
  const random = createRandom(seed)
  function* visit(person: number): Script {
    const email = emailOf(prefix, person)
    const code = (codes.length > 1 ? codes[Math.floor(random() * codes.length)] : codes[0]) as string
    const body = redeemBody(email, code)
    yield { step: 'redeem', email, code, method: 'POST', path: '/api/v1/public/direct-redeem', body }
  }
  return { steps: ['redeem'], visit, mostPeople: Number.POSITIVE_INFINITY, room: null }
}
