import { emailOf, type Recipe, redeemBody, type Script } from './recipe.ts'
import type { RedeemPersonal } from './requests.ts'

/** Each person redeems a code of their own, `<code_prefix>-<person>`; when no code is left, nobody comes any more. */
export function createRedeemPersonal(options: RedeemPersonal): Recipe {
  const { code_prefix: codePrefix, codes, email_prefix: prefix } = options
  const post = { method: 'POST', path: '/api/v1/public/redeem' } as const
  function* visit(person: number): Script {
    const email = emailOf(prefix, person)
    const code = `${codePrefix}-${person}`
    const body = redeemBody(email, code)
    const { status } = yield { step: 'redeem', email, code, ...post, body }
    // Only of a code that is bound by now the outcome is known.
    if (status !== 202) return
    if (person % options.repeat_every === 0) yield { step: 'repeat', email, code, ...post, body }
    if (person % options.stranger_every === 1) {
      const stranger = `stranger-${email}`
      yield { step: 'redeem', email: stranger, code, ...post, body: redeemBody(stranger, code) }
    }
  }
  return { steps: ['redeem'], visit, mostPeople: codes, room: null }
}
