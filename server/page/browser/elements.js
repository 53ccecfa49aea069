/**
 * The element of this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 */
export function element(id, type) {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}`)
  return found
}

/** @param {string} id @param {string} text a live region speaks only when its text really changed */
export function setText(id, text) {
  const target = element(id, HTMLElement)
  if (target.textContent !== text) target.textContent = text
}

const VIEWS = /** @type {const} */ (['room', 'form', 'progress'])

/**
 * Shows one view instead of another and moves the focus to its heading, but not when the page opens.
 * @param {typeof VIEWS[number]} name
 */
export function showView(name) {
  const before = VIEWS.find((view) => !element(`${view}-view`, HTMLElement).hidden)
  for (const view of VIEWS) element(`${view}-view`, HTMLElement).hidden = view !== name
  if (before !== undefined && before !== name) element(`${name}-title`, HTMLElement).focus()
}
