import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { PageSources } from './build-page.ts'

const DIRECTORIES = ['./', './browser/'].map((path) => new URL(path, import.meta.url))
const SERVED = /\.(html|css|svg|js)$/

/** Reads the page's files, once at start. */
export function readPageSources(): PageSources {
  const files = DIRECTORIES.flatMap((directory) => readdirSync(directory).map((name) => new URL(name, directory)))
  const served = files.filter(({ pathname }) => SERVED.test(pathname))
  return Object.fromEntries(served.map((file) => [basename(file.pathname), readFileSync(file, 'utf8')]))
}
