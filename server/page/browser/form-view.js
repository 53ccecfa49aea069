import { startCountdown } from './countdown.js'
import { element, setText, showView } from './elements.js'
import { createFields } from './fields.js'
import { isMessage, onLanguage, say, sayDuration } from './language.js'

/** @typedef {import('./api.js').Problem} Problem */
/** @typedef {import('./attempt.js').Wish} Wish */

/** The same entries would get the same answer again. */
const FINAL_PROBLEMS = new Set([
  'code_not_found',
  'used_up',
  'expired',
  'invalid_request',
  'pass_required',
  'pass_used',
])
const PASS_PROBLEMS = new Set(['pass_required', 'pass_invalid'])
/** Pauses before the tries that the page makes by itself, at least; a person's click starts them again. */
const AUTOMATIC_PAUSES_SECONDS = [2, 4, 8, 15, 30]

/**
 * The form, its faults and refusals.
 * @param {{
 *   redeem: (wish: Wish) => Promise<Problem | null>,
 *   backToRoom: (() => void) | null,
 * }} options `redeem` gives null when it succeeded; `backToRoom` is null where there is no waiting room
 */
export function createFormView({ redeem, backToRoom }) {
  const fields = createFields()
  const refusal = element('refusal', HTMLElement)
  const submit = element('submit', HTMLButtonElement)
  const back = element('back-to-room', HTMLButtonElement)
  let busy = false
  let secondsLeft = 0
  let automatic = false
  let automaticTries = 0
  let turnSeconds = 0
  /** @type {Problem | null} */
  let problem = null
  let stopCountdown = () => {}

  function render() {
    setText(
      'form-intro',
      turnSeconds > 0 ? say('form_intro_turn', { time: sayDuration(turnSeconds) }) : say('form_intro'),
    )
    refusal.hidden = problem === null
    if (problem !== null) {
      const key = `problem_${problem.code}`
      const [title, text] = isMessage(key) ? [key, `${key}_text`] : ['problem_other', 'problem_other_text']
      setText('refusal-title', isMessage(title) ? say(title) : '')
      setText('refusal-text', isMessage(text) ? say(text) : '')
    }
    back.hidden = backToRoom === null || problem === null || !PASS_PROBLEMS.has(problem.code)
    submit.classList.toggle('busy', busy)
    // Not `disabled`: that would take the focus away from whoever pressed it.
    submit.setAttribute('aria-disabled', String(busy || secondsLeft > 0))
    setText('submit', sayButton())
  }

  function sayButton() {
    if (busy) return say('submitting')
    if (secondsLeft > 0) return say(automatic ? 'trying_again_in' : 'try_again_in', { time: sayDuration(secondsLeft) })
    return say(problem === null || FINAL_PROBLEMS.has(problem.code) ? 'submit' : 'try_again')
  }

  async function send() {
    stopCountdown()
    busy = true
    secondsLeft = 0
    problem = null
    // It goes away: who was told of it must not be sent to the top of the page.
    if (refusal.contains(document.activeElement)) submit.focus()
    render()
    setText('form-status', say('submitting'))
    const found = await redeem(fields.read())
    busy = false
    setText('form-status', '')
    if (found === null) automaticTries = 0
    else refuse(found)
    render()
  }

  /** @param {Problem} found */
  function refuse(found) {
    if (found.code === 'invalid_request' && fields.showRefused(found.detail)) return
    problem = found
    const pause = found.code === 'unavailable' ? AUTOMATIC_PAUSES_SECONDS[automaticTries++] : undefined
    automatic = pause !== undefined
    const wait = Math.max(found.retryAfterSeconds ?? 0, pause ?? 0)
    if (wait > 0) stopCountdown = startCountdown(wait, count)
    render()
    // Whoever waits for automatic tries has heard it; whoever typed meanwhile is left alone.
    if (automaticTries <= 1) refusal.focus()
  }

  /** @param {number} left */
  function count(left) {
    secondsLeft = left
    render()
    if (left > 0) return
    if (automatic) void send()
    else setText('form-status', say('can_try_again'))
  }

  element('form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    if (busy || secondsLeft > 0 || !fields.check()) return
    automaticTries = 0
    void send()
  })
  // Whoever changes an entry wants to press the button themselves.
  element('form', HTMLFormElement).addEventListener('input', () => {
    automatic = false
    render()
  })
  back.addEventListener('click', () => {
    problem = null
    render()
    backToRoom?.()
  })
  onLanguage(render)

  return {
    show() {
      render()
      showView('form')
    },
    /** @param {number} seconds how long the turn from the waiting room lasts; told in whole minutes, never too many */
    setTurn(seconds) {
      turnSeconds = seconds < 60 ? seconds : seconds - (seconds % 60)
    },
    clearCode: fields.clearCode,
  }
}
