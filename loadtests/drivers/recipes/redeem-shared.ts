import { createRandom } from '../../analysis/random.ts'
import { emailOf, type Recipe, redeemBody, type Script } from './recipe.ts'
import type { RedeemShared } from './requests.ts'

/** Each person redeems one of the codes, once. */
export function createRedeemShared({ codes, email_prefix: prefix, seed }: RedeemShared): Recipe {
  const random = createRandom(seed)
  function* visit(person: number): Script {
    const email = emailOf(prefix, person)
    const code = (codes.length > 1 ? codes[Math.floor(random() * codes.length)] : codes[0]) as string
    const body = redeemBody(email, code)
    yield { step: 'redeem', email, code, method: 'POST', path: '/api/v1/public/direct-redeem', body }
  }
  return { steps: ['redeem'], visit, mostPeople: Number.POSITIVE_INFINITY, room: null }
}
