import { element, setText, showView } from './elements.js'
import { isMessage, onLanguage, say } from './language.js'
import { isFinal } from './watch-redemption.js'

/** @typedef {import('./language.js').MessageKey} MessageKey */
/** What is known: the states of a redemption, `loading` before the first answer, `unknown` when there is none. */
/** @typedef {{ status: string, reason: string | null, trouble: boolean, email: string | null }} Progress */

const STEPS = ['queued', 'seat', 'sent']
/** State → the step that is being done. */
/** @type {Record<string, number>} */
const CURRENT_STEP = { reserved: 0, enqueued: 0, seated: 1, sending: 2, sent: 3 }
/** State → start of the keys of its texts, where that is not the state itself. */
/** @type {Record<string, string>} */
const TEXTS = { reserved: 'queued', enqueued: 'queued' }

/** @param {{ again: (status: string) => void }} options `again`: the person wants the form */
export function createProgressView({ again }) {
  const view = element('progress-view', HTMLElement)
  const button = element('again', HTMLButtonElement)
  /** @type {Progress} */
  let progress = { status: 'loading', reason: null, trouble: false, email: null }

  function render() {
    const { status, trouble } = progress
    const over = isFinal(status) || status === 'unknown'
    setText('progress-title', sayTitle(status))
    setText('progress-text', trouble && !over ? say('trouble_hint') : sayText(progress))
    setText('progress-hint', say('watching_hint'))
    element('progress-hint', HTMLElement).hidden = over
    const isBack = status === 'refunded' || status === 'refunding'
    view.dataset['outcome'] = status === 'sent' ? 'sent' : isBack ? 'back' : 'none'
    renderSteps(CURRENT_STEP[status])
    button.hidden = !over
    setText('again', say(status === 'refunded' ? 'redeem_again' : status === 'unknown' ? 'to_form' : 'redeem_another'))
    if (!view.hidden) document.title = `${sayTitle(status)} · Redline`
  }

  button.addEventListener('click', () => again(progress.status))
  onLanguage(render)

  return {
    /** @param {Partial<Progress>} change */
    update(change) {
      progress = { ...progress, ...change }
      render()
    },
    show() {
      showView('progress')
      render()
    },
  }
}

/** @param {number | undefined} current undefined: there are no steps to show */
function renderSteps(current) {
  element('steps', HTMLElement).hidden = current === undefined
  if (current === undefined) return
  for (const item of document.querySelectorAll('[data-step]')) {
    const position = STEPS.indexOf(item.getAttribute('data-step') ?? '')
    item.classList.toggle('done', position < current)
    if (position === current) item.setAttribute('aria-current', 'step')
    else item.removeAttribute('aria-current')
    const state = item.querySelector('[data-step-state]')
    if (state !== null) state.textContent = position < current ? say('step_done') : ''
  }
}

/** @param {string} status */
function sayTitle(status) {
  const key = `${TEXTS[status] ?? status}_title`
  return say(isMessage(key) ? key : 'loading_title')
}

/** @param {Progress} progress */
function sayText({ status, reason, email }) {
  if (status === 'sent' && email !== null) return say('sent_text_to', { email })
  if (status === 'refunded') {
    const key = `refunded_${reason}`
    return say(isMessage(key) ? key : 'refunded_other')
  }
  const key = `${TEXTS[status] ?? status}_text`
  return say(isMessage(key) ? key : 'loading_text')
}
