import { LANGUAGES, MESSAGES } from './messages.js'

/** @typedef {import('./messages.js').Language} Language */
/** @typedef {import('./messages.js').MessageKey} MessageKey */

const REMEMBERED = 'redline-language'
/** BCP 47 tags for numbers and units. */
const LOCALES = { en: 'en', zh: 'zh-CN' }

/** @type {(() => void)[]} */
const listeners = []
/** The server chose by Accept-Language; what the person chose goes first. @type {Language} */
let language = remembered() ?? find(document.documentElement.lang) ?? 'en'

/** @param {string | null} name */
function find(name) {
  return LANGUAGES.find((known) => known === name)
}

function remembered() {
  try {
    return find(localStorage.getItem(REMEMBERED))
  } catch {
    return undefined // Storage is switched off: the choice lasts as long as the page.
  }
}

/** @param {Language} chosen */
export function chooseLanguage(chosen) {
  language = chosen
  try {
    localStorage.setItem(REMEMBERED, chosen)
  } catch {}
  applyLanguage()
}

/** Says everything in the current language: fixed texts here, the rest by whoever listens. */
export function applyLanguage() {
  document.documentElement.lang = language
  for (const element of document.querySelectorAll('[data-message]')) {
    element.textContent = say(/** @type {MessageKey} */ (element.getAttribute('data-message')))
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', say(/** @type {MessageKey} */ (element.getAttribute('data-label'))))
  }
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('data-language') === language))
  }
  for (const listener of listeners) listener()
}

/** @param {() => void} listener called whenever the language changes, and at first */
export function onLanguage(listener) {
  listeners.push(listener)
}

/**
 * @param {MessageKey} key
 * @param {Record<string, string>} [values] by name, for `{name}` in the text
 */
export function say(key, values = {}) {
  return MESSAGES[language][key].replaceAll(/{(\w+)}/g, (_, name) => values[name] ?? '')
}

/** @param {string} key @returns {key is MessageKey} */
export function isMessage(key) {
  return Object.hasOwn(MESSAGES.en, key)
}

/** @param {number} count */
export function sayCount(count) {
  return new Intl.NumberFormat(LOCALES[language]).format(count)
}

/** In the coarsest unit that fits, rounded up. @param {number} seconds */
export function sayDuration(seconds) {
  if (seconds < 60) return sayUnit(Math.max(1, Math.ceil(seconds)), 'second')
  if (seconds < 5_400) return sayUnit(Math.ceil(seconds / 60), 'minute')
  if (seconds < 129_600) return sayUnit(Math.ceil(seconds / 3_600), 'hour')
  return sayUnit(Math.ceil(seconds / 86_400), 'day')
}

/** @param {number} count @param {'second' | 'minute' | 'hour' | 'day'} unit */
function sayUnit(count, unit) {
  return new Intl.NumberFormat(LOCALES[language], { style: 'unit', unit, unitDisplay: 'long' }).format(count)
}
