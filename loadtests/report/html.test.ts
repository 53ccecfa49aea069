import { describe, expect, it } from 'vitest'
import { embedJson, html } from './html.ts'

describe('html', () => {
  it('escapes strings and keeps markup, in lists as well', () => {
    const list = ['<b>', html`<i>${'&'}</i>`]
    expect(html`<p title="${'"'}">${list}${null}${3}</p>`.text).toBe('<p title="&quot;">&lt;b&gt;<i>&amp;</i>3</p>')
  })
})

describe('embedJson', () => {
  it('cannot end the script element or open a comment, and reads back the same', () => {
    const value = { text: '</script><!-- \u2028' }
    const { text } = embedJson(value)
    expect(text).not.toMatch(/<|\u2028/)
    expect(JSON.parse(text)).toEqual(value)
  })
})
