import type { Subject } from '../../run-file.ts'
import { type Html, html } from '../html.ts'

/** A section of the page: what it is called, how to read it in a line, and its content. */
export function section(id: string, title: string, caption: string, content: Html | readonly Html[]): Html {
  return html`<section id="${id}"><h2>${title}</h2><p class="caption">${caption}</p>${content}</section>`
}

/** The name of a mode beside its colour, which is the same all over the page. */
export function modeName(mode: Subject): Html {
  return html`<span class="mode m-${mode}"><i></i>${mode}</span>`
}

/** Wide tables scroll inside their own box, so that the page does not. */
export function scrollable(table: Html): Html {
  return html`<div class="scroll">${table}</div>`
}
