import { randomId } from './random-id.js'

/** @typedef {{ email: string, code: string }} Wish */

/** The same key for the same wish until it succeeded: whatever got lost on the way, a repeat takes no second use. */
export function createAttempt() {
  let wished = ''
  let key = ''
  return {
    /** @param {Wish} wish */
    keyFor({ email, code }) {
      const wish = JSON.stringify([email, code])
      if (wish !== wished || key === '') key = randomId()
      wished = wish
      return key
    },
    /** What comes next is a wish of its own, even if it reads the same. */
    finish() {
      key = ''
    },
  }
}
