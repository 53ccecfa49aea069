import { element, setText } from './elements.js'
import { onLanguage, say } from './language.js'

/** @typedef {import('./language.js').MessageKey} MessageKey */
/** @typedef {'email' | 'code'} FieldName */

/** Coarse: the server judges. */
const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/
const CODE = /^[\w.-]{1,64}$/

/** The two fields of the form with their faults. */
export function createFields() {
  const inputs = { email: element('email', HTMLInputElement), code: element('code', HTMLInputElement) }
  /** @type {Partial<Record<FieldName, MessageKey>>} */
  let faults = {}

  function render() {
    for (const name of /** @type {const} */ (['email', 'code'])) {
      const fault = faults[name]
      setText(`${name}-fault`, fault === undefined ? '' : say(fault))
      if (fault === undefined) inputs[name].removeAttribute('aria-invalid')
      else inputs[name].setAttribute('aria-invalid', 'true')
    }
  }

  /** Shows these faults and moves the focus to the first. @param {typeof faults} found @returns whether there are any */
  function show(found) {
    faults = found
    render()
    const first = faults.email === undefined ? faults.code && inputs.code : inputs.email
    first?.focus()
    return first !== undefined
  }

  for (const name of /** @type {const} */ (['email', 'code'])) {
    inputs[name].addEventListener('input', () => {
      delete faults[name]
      render()
    })
  }
  onLanguage(render)

  return {
    read: () => ({ email: inputs.email.value.trim(), code: inputs.code.value.trim() }),
    /** @returns whether both may be sent */
    check() {
      const { email, code } = this.read()
      /** @type {typeof faults} */
      const found = {}
      if (!ADDRESS.test(email) || email.length > 254) found.email = email === '' ? 'email_missing' : 'email_invalid'
      if (!CODE.test(code)) found.code = code === '' ? 'code_missing' : 'code_invalid'
      return !show(found)
    },
    /** Shows what the server found. @param {string} detail `email: …; code: …` @returns whether it named a field */
    showRefused(detail) {
      /** @type {typeof faults} */
      const found = {}
      if (/(^|; )email:/.test(detail)) found.email = 'email_invalid'
      if (/(^|; )code:/.test(detail)) found.code = 'code_invalid'
      return show(found)
    },
    clearCode() {
      inputs.code.value = ''
      show({})
    },
  }
}
