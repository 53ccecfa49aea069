/** Markup that is safe to put into a page as it is. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Content = string | number | Html | null | undefined | readonly Content[]

/** Template of markup: every string and number put into it is escaped, other markup and lists of it are kept. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(strings.reduce((text, part, index) => text + render(values[index - 1]) + part))
}

/** What XML cannot hold, however it is written; colours of a terminal begin with one. */
const CONTROL_CHARACTERS = /[^\P{Cc}\t\n\r]/gu

/** Text as it stands in markup and in quoted attributes, for HTML and XML. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll(CONTROL_CHARACTERS, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** JSON inside a script element: nothing in it can end the element or open a comment. */
export function embedJson(value: unknown): Html {
  return new Html(
    JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029'),
  )
}

function render(content: Content): string {
  if (content === null || content === undefined) return ''
  if (content instanceof Html) return content.text
  if (typeof content === 'object') return content.map(render).join('')
  return escapeMarkup(String(content))
}
