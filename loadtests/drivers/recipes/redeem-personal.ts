import { z } from 'zod'
import { emailOf, plainText, type Recipe, redeemBody, type Script } from './recipe.ts'

/** Each person redeems a code of their own, `<code_prefix>-<person>`; when no code is left, nobody comes any more. */
export const redeemPersonalSchema = z.object({
  kind: z.literal('redeem-personal'),
  code_prefix: plainText,
  /** So many codes exist. */
  codes: z.number().int().positive(),
  /** One of so many people asks a second time with the same code. */
  repeat_every: z.number().int().positive(),
  /** The code of one of so many people is tried by a stranger afterwards, which must be a 404. */
  stranger_every: z.number().int().positive(),
  email_prefix: plainText,
})

export function createRedeemPersonal(options: z.output<typeof redeemPersonalSchema>): Recipe {
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
