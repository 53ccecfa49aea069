import { enterRoom, findPlace } from './api.js'
import { randomId } from './random-id.js'

/** @typedef {import('./api.js').Place} Place */
/** @typedef {import('./api.js').Problem} Problem */

const VISITOR = 'redline-visitor'
const SHORTEST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 15_000

/** Where storage is switched off, a reload is another visitor. @type {string | undefined} */
let unstored

/** Random and of this tab only: whoever reloads keeps their number. */
function visitor() {
  try {
    const known = sessionStorage.getItem(VISITOR) ?? randomId()
    sessionStorage.setItem(VISITOR, known)
    return known
  } catch {
    unstored ??= randomId()
    return unstored
  }
}

/**
 * Enters the waiting room of an activity, again with the same number, and asks for the place until there is a pass.
 * @param {string} activityId
 * @param {{
 *   onPlace: (place: Place) => void,
 *   onPass: (pass: string, lifetimeSeconds: number) => void,
 *   onProblem: (problem: Problem) => void,
 *   onTrouble: () => void,
 * }} listeners `onProblem` ends it; `onTrouble`: the server does not answer for now
 * @returns {() => void} stops it
 */
export function watchRoom(activityId, { onPlace, onPass, onProblem, onTrouble }) {
  let stopped = false
  let pauseMs = SHORTEST_PAUSE_MS
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer

  async function enter() {
    const entered = await enterRoom(activityId, visitor())
    if (stopped) return
    if (entered.ok) await ask(entered.value.session_id)
    else onProblem(entered.problem)
  }

  /** @param {string} sessionId */
  async function ask(sessionId) {
    const answer = await findPlace(activityId, sessionId)
    if (stopped) return
    if (answer.ok) {
      const { pass, pass_expires_at: expiresAt, expected_wait_seconds: wait } = answer.value
      if (pass !== null) return onPass(pass, (Date.parse(expiresAt ?? '') - answer.serverTimeMs) / 1000)
      onPlace(answer.value)
      pauseMs = clamp((wait ?? 60) * 100)
    } else if (isPassing(answer.problem)) {
      onTrouble()
      pauseMs = clamp(Math.max(pauseMs * 1.5, (answer.problem.retryAfterSeconds ?? 0) * 1000))
    } else return onProblem(answer.problem)
    timer = setTimeout(ask, pauseMs, sessionId)
  }

  void enter()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

/** @param {Problem} problem */
const isPassing = ({ code }) => ['network', 'unavailable', 'rate_limited', 'internal'].includes(code)

/** @param {number} pauseMs */
const clamp = (pauseMs) => Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, pauseMs))
