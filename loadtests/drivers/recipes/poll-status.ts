import { emailOf, type Recipe, readText, redeemBody, type Script } from './recipe.ts'
import type { PollStatus } from './requests.ts'

/** Each person redeems the code and then asks for the status so many times, whatever it says. */
export function createPollStatus({ code, polls, think_ms: waitMs, email_prefix: prefix }: PollStatus): Recipe {
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
