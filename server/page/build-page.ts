import { createHash } from 'node:crypto'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { LANGUAGES, type Language, MESSAGES } from './browser/messages.js'

export const ENCODINGS = ['br', 'gzip', 'identity'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** A file as it is sent: compressed once, not for every request. */
export interface PageFile {
  readonly type: string
  /** First characters of the content's SHA-256. */
  readonly hash: string
  readonly bodies: Readonly<Record<Encoding, Buffer>>
}

export interface Page {
  readonly html: Readonly<Record<Language, PageFile>>
  /** By hashed name. */
  readonly assets: ReadonlyMap<string, PageFile>
}

/** File name → content: one HTML file with its scripts, style sheet and icon. */
export type PageSources = Readonly<Record<string, string>>

const HTML = 'invite.html'
const ENTRY = 'main.js'
const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/**
 * Names each asset after its content. A script's hash covers the hashed names of what it imports, so that a change
 * anywhere changes every name up to the HTML, and whatever is cached under a name stays right for ever.
 * @param assetsUrl where the assets will be served, without a slash at its end
 * @throws when a file that is named by another one is missing
 */
export function buildPage(sources: PageSources, assetsUrl: string): Page {
  const assets = new Map<string, PageFile>()
  const hashedNames = new Map<string, string>()

  function addAsset(name: string): string {
    const known = hashedNames.get(name)
    if (known !== undefined) return known
    const source = sources[name]
    if (source === undefined) throw new Error(`The page names ${name}, which does not exist`)
    const text = source.replaceAll(/(from '\.\/)([\w-]+\.js)'/g, (_, from, imported) => `${from}${addAsset(imported)}'`)
    const [stem, extension = ''] = name.split('.')
    const file = createFile(text, TYPES[extension] ?? 'application/octet-stream')
    const hashedName = `${stem}-${file.hash}.${extension}`
    assets.set(hashedName, file)
    hashedNames.set(name, hashedName)
    return hashedName
  }

  const urlOf = (name: string) => `${assetsUrl}/${addAsset(name)}`
  urlOf(ENTRY)
  const preloads = [...hashedNames.keys()]
    .filter((name) => name !== ENTRY)
    .map((name) => `<link rel="modulepreload" href="${urlOf(name)}" />`)
  const template = (sources[HTML] ?? '')
    .replace('{{modules}}', preloads.join('\n    '))
    .replaceAll(/{{([\w-]+\.\w+)}}/g, (_, name) => urlOf(name))
  const html = LANGUAGES.map((language) => [language, createFile(translate(template, language), TYPES['html'] ?? '')])
  return { html: Object.fromEntries(html), assets }
}

/** Fills elements with `data-message` the way the browser does when somebody switches the language. */
function translate(template: string, language: Language): string {
  const texts: Record<string, string> = MESSAGES[language]
  return template
    .replace('{{language}}', language)
    .replaceAll(/data-message="(\w+)"[^>]*>/g, (tag, key) => `${tag}${escapeHtml(texts[key] ?? '')}`)
    .replaceAll(/data-label="(\w+)"/g, (tag, key) => `${tag} aria-label="${escapeHtml(texts[key] ?? '')}"`)
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

function createFile(text: string, type: string): PageFile {
  const identity = Buffer.from(text)
  return {
    type,
    hash: createHash('sha256').update(identity).digest('hex').slice(0, 16),
    bodies: {
      identity,
      gzip: gzipSync(identity, { level: 9 }),
      br: brotliCompressSync(identity, { params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT } }),
    },
  }
}
