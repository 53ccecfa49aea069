import { redeem } from './api.js'
import { createAttempt } from './attempt.js'
import { element } from './elements.js'
import { createFormView } from './form-view.js'
import { applyLanguage, chooseLanguage, onLanguage, say } from './language.js'
import { LANGUAGES } from './messages.js'
import { createProgressView } from './progress-view.js'
import { createRoomView } from './room-view.js'
import { watchRedemption } from './watch-redemption.js'
import { watchRoom } from './watch-room.js'

/*
 * The address decides what is shown: `#<redemption id>` its status, `?activity=<id>` the waiting room until it gave a
 * pass, else the form. Email and code are never in the address nor in any storage.
 */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const activityId = new URLSearchParams(location.search).get('activity')
const attempt = createAttempt()
/** @type {string | null} */
let pass = null
/** Told again in the end; known only to the page that redeemed. @type {{ id: string, email: string } | null} */
let redeemed = null
let stopWatching = () => {}

const room = createRoomView({ enter: showRoom })
const progress = createProgressView({ again: showFormAgain })
const form = createFormView({
  async redeem(wish) {
    const answer = await redeem(wish, { key: attempt.keyFor(wish), pass })
    if (!answer.ok) {
      if (answer.problem.code === 'idempotency_key_reused') attempt.finish()
      return answer.problem
    }
    attempt.finish()
    const { redemption_id: id, status } = answer.value
    redeemed = { id, email: wish.email }
    history.pushState(null, '', `#${id}`)
    showProgress(id, status)
    return null
  },
  backToRoom: activityId === null ? null : showRoom,
})

function route() {
  const id = location.hash.slice(1)
  if (UUID.test(id)) showProgress(id, 'loading')
  else if (activityId !== null && pass === null) showRoom()
  else showForm()
}

function showForm() {
  stopWatching()
  form.show()
  setTitle()
}

function showRoom() {
  stopWatching()
  pass = null
  room.show()
  setTitle()
  stopWatching = watchRoom(activityId ?? '', {
    onPlace: room.showPlace,
    onTrouble: room.showTrouble,
    onProblem: room.showProblem,
    onPass(given, lifetimeSeconds) {
      pass = given
      form.setTurn(lifetimeSeconds)
      showForm()
    },
  })
}

/** @param {string} id @param {string} status */
function showProgress(id, status) {
  stopWatching()
  const email = redeemed?.id === id ? redeemed.email : null
  progress.update({ status, email, reason: null, trouble: false })
  progress.show()
  stopWatching = watchRedemption(id, {
    onStatus: ({ status, refund_reason: reason }) => progress.update({ status, reason, trouble: false }),
    onUnknown: () => progress.update({ status: 'unknown' }),
    onTrouble: () => progress.update({ trouble: true }),
  })
}

/** @param {string} status of the redemption that was shown */
function showFormAgain(status) {
  if (status !== 'refunded') form.clearCode()
  history.pushState(null, '', location.pathname + location.search)
  // A pass is good for one redemption.
  pass = null
  route()
}

function setTitle() {
  if (element('progress-view', HTMLElement).hidden) document.title = `${say('form_title')} · Redline`
}

function start() {
  element('not-started', HTMLElement).remove()
  const languages = element('languages', HTMLElement)
  languages.hidden = false
  for (const language of LANGUAGES) {
    languages.querySelector(`[data-language=${language}]`)?.addEventListener('click', () => chooseLanguage(language))
  }
  onLanguage(setTitle)
  applyLanguage()
  addEventListener('popstate', route)
  route()
}

start()
