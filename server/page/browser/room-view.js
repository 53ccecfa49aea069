import { startCountdown } from './countdown.js'
import { element, setText, showView } from './elements.js'
import { isMessage, onLanguage, say, sayCount, sayDuration } from './language.js'

/** @typedef {import('./api.js').Place} Place */
/** @typedef {import('./api.js').Problem} Problem */

/** @param {{ enter: () => void }} options `enter`: the person wants to enter (again) */
export function createRoomView({ enter }) {
  const retry = element('room-retry', HTMLButtonElement)
  /** @type {Place | null} */
  let place = null
  /** @type {Problem | null} */
  let problem = null
  let trouble = false
  let secondsLeft = 0
  /** The line's length when this page first saw it: what the bar is measured by. */
  let aheadAtFirst = 0
  let stopCountdown = () => {}

  function render() {
    element('room-place', HTMLElement).hidden = place === null || problem !== null
    if (place !== null) renderPlace(place, aheadAtFirst)
    setText('room-title', say(problem ? 'room_refused_title' : place ? 'room_title' : 'room_entering_title'))
    setText('room-text', sayText())
    retry.hidden = problem === null || problem.code === 'activity_not_found' || problem.code === 'invalid_request'
    retry.setAttribute('aria-disabled', String(secondsLeft > 0))
    setText('room-retry', secondsLeft > 0 ? say('try_again_in', { time: sayDuration(secondsLeft) }) : say('try_again'))
  }

  function sayText() {
    if (problem !== null) {
      const key = `room_${problem.code === 'invalid_request' ? 'activity_not_found' : problem.code}`
      return say(isMessage(key) ? key : 'room_other')
    }
    if (trouble) return say('room_trouble')
    return say(place === null ? 'room_entering_text' : 'room_text')
  }

  retry.addEventListener('click', () => {
    if (secondsLeft === 0) enter()
  })
  onLanguage(render)

  return {
    /** Forgets what was shown before. */
    show() {
      stopCountdown()
      // The button goes away with the problem: who pressed it by keyboard must not be sent to the top of the page.
      if (document.activeElement === retry) element('room-title', HTMLElement).focus()
      place = problem = null
      trouble = false
      secondsLeft = 0
      render()
      showView('room')
    },
    /** @param {Place} found */
    showPlace(found) {
      place = found
      trouble = false
      aheadAtFirst = Math.max(aheadAtFirst, found.ahead)
      render()
    },
    showTrouble() {
      trouble = true
      render()
    },
    /** @param {Problem} found */
    showProblem(found) {
      problem = found
      if (found.retryAfterSeconds !== undefined) {
        stopCountdown = startCountdown(found.retryAfterSeconds, (left) => {
          secondsLeft = left
          render()
        })
      }
      render()
    },
  }
}

/** @param {Place} place @param {number} aheadAtFirst */
function renderPlace({ ahead, seq, expected_wait_seconds: wait }, aheadAtFirst) {
  setText('room-ahead', sayCount(ahead))
  setText('room-ahead-label', say(ahead === 1 ? 'room_ahead_one' : 'room_ahead_other'))
  setText('room-number', sayCount(seq))
  const coarse = wait === null ? say('not_known') : wait < 60 ? say('under_a_minute') : sayAbout(wait)
  setText('room-wait', coarse)
  element('room-progress', HTMLProgressElement).value = aheadAtFirst === 0 ? 1 : 1 - ahead / aheadAtFirst
}

/** @param {number} seconds */
const sayAbout = (seconds) => say('about', { time: sayDuration(seconds) })
