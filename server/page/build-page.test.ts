import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CHINESE } from './browser/messages-zh.js'
import { buildPage, type Page, type PageSources } from './build-page.ts'
import { readPageSources } from './read-page-sources.ts'

const SOURCES = {
  'invite.html':
    '<link href="{{a.css}}" />{{modules}}<script src="{{main.js}}"></script><h1 data-message="form_title"></h1>',
  'a.css': 'body {}',
  'main.js': "import { b } from './b.js'\nb()",
  'b.js': "import { c } from './c.js'\nexport const b = c",
  'c.js': 'export const c = () => 1',
} satisfies PageSources
const build = (changes: Partial<typeof SOURCES> = {}) => buildPage({ ...SOURCES, ...changes }, '/x')

/** The names without their hashes → the hashes. */
function hashesOf({ assets }: Page): Record<string, string> {
  return Object.fromEntries([...assets].map(([name, { hash }]) => [name.replace(`-${hash}`, ''), hash]))
}
const changedBy = (changes: Partial<typeof SOURCES>) => {
  const [before, after] = [hashesOf(build()), hashesOf(build(changes))]
  return Object.keys(before).filter((name) => before[name] !== after[name])
}

describe('the built page', () => {
  test('the same content has the same names', () => {
    expect([...build().assets.keys()]).toEqual([...build().assets.keys()])
    expect(Object.keys(hashesOf(build())).sort()).toEqual(['a.css', 'b.js', 'c.js', 'main.js'])
  })

  test('a changed asset changes its own name, and the names of those who import it', () => {
    expect(changedBy({ 'a.css': 'body { margin: 0 }' })).toEqual(['a.css'])
    expect(changedBy({ 'c.js': 'export const c = () => 2' }).sort()).toEqual(['b.js', 'c.js', 'main.js'])
    expect(changedBy({ 'main.js': 'void 0' })).toEqual(expect.arrayContaining(['main.js']))
  })

  test('a changed asset changes the HTML', () => {
    expect(build({ 'a.css': 'p {}' }).html.en.hash).not.toBe(build().html.en.hash)
  })

  test('everything that HTML and scripts name exists', () => {
    const page = buildPage(readPageSources(), '/x')
    const texts = [page.html.en, ...page.assets.values()].map(({ bodies }) => bodies.identity.toString())
    const fromHtml = [...(texts[0] ?? '').matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url?.replace('/x/', ''))
    const fromScripts = texts.flatMap((text) => [...text.matchAll(/from '\.\/([^']+)'/g)].map(([, name]) => name))
    expect(fromHtml.length).toBeGreaterThan(10)
    expect(fromScripts.length).toBeGreaterThan(20)
    for (const name of [...fromHtml, ...fromScripts]) expect(page.assets.has(name ?? '')).toBe(true)
  })

  test('a name without a file is refused', () => {
    expect(() => build({ 'main.js': "import { d } from './d.js'" })).toThrow('The page names d.js')
  })

  test('is written in each language', () => {
    const page = buildPage(readPageSources(), '/x')
    expect(page.html.zh.bodies.identity.toString()).toContain(`<html lang="zh">`)
    expect(page.html.zh.bodies.identity.toString()).toContain(`>${CHINESE.form_title}</h1>`)
    for (const { bodies } of Object.values(page.html)) expect(bodies.identity.toString()).not.toContain('{{')
  })

  test('every body is the same text', () => {
    for (const { bodies } of buildPage(readPageSources(), '/x').assets.values()) {
      expect(gunzipSync(bodies.gzip)).toEqual(bodies.identity)
      expect(brotliDecompressSync(bodies.br)).toEqual(bodies.identity)
    }
  })
})
